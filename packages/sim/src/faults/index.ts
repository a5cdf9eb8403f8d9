import { clockJump, clockOfAnotherDecade, clockSkew, clockStop } from './clocks.js';
import { deviceCrash, eviction, quota, storeConnectionLost } from './deviceStores.js';
import type { Fault } from './Fault.js';
import { hostileSender } from './hostileSender.js';
import {
  changesLate,
  clog,
  corruptThenClose,
  delay,
  drop,
  duplicate,
  halfOpen,
  offline,
  oneWayPartition,
  reorder,
  reset,
} from './links.js';
import { longAbsence } from './longAbsence.js';
import { poisonedRecord } from './poisonedRecord.js';
import { rollback } from './rollback.js';
import {
  commitUnknown,
  cutAfterCommit,
  flushFails,
  policyChange,
  serverCrash,
  slowFsync,
  storeReadOnly,
} from './server.js';
import { anotherTab, tabFreeze, tabKill, tabKillWhileShowing } from './tabs.js';
import { tokenExpiry } from './tokens.js';

/** Everything that may go wrong. */
export const faults: readonly Fault[] = [
  delay,
  drop,
  duplicate,
  reorder,
  changesLate,
  reset,
  halfOpen,
  offline,
  longAbsence,
  oneWayPartition,
  clog,
  corruptThenClose,
  serverCrash,
  flushFails,
  commitUnknown,
  slowFsync,
  storeReadOnly,
  cutAfterCommit,
  rollback,
  poisonedRecord,
  policyChange,
  tabKill,
  tabKillWhileShowing,
  tabFreeze,
  anotherTab,
  deviceCrash,
  quota,
  eviction,
  storeConnectionLost,
  clockJump,
  clockOfAnotherDecade,
  clockSkew,
  clockStop,
  tokenExpiry,
  hostileSender,
];
