import type { Action } from './Action.js';
import { garbage, ping, say, sessions } from './messages.js';
import { ask, askNoMore, hear, rowsByDigest, stranger, sync, syncEnd, walk } from './reads.js';
import { pass, policies, pressed, reconnect, renew, restart } from './server.js';
import { add, again, forged, increment, put, putLate, remove, take, transaction } from './writes.js';

/** Everything that happens in a case. A new action is an entry here. */
export const actions: readonly Action[] = [
  put,
  putLate,
  remove,
  add,
  take,
  increment,
  transaction,
  again,
  forged,
  sync,
  syncEnd,
  walk,
  rowsByDigest,
  ask,
  askNoMore,
  hear,
  stranger,
  say,
  ping,
  sessions,
  garbage,
  policies,
  renew,
  reconnect,
  pressed,
  pass,
  restart,
];
