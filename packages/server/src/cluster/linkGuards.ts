import { KINDS, OP, PARTITION_COUNT } from '@topgun/protocol';
import type { AnswerItem, AskItem } from '../engine/cluster/forwardedItems.js';
import type { FeedFrame } from './feedFrames.js';
import type { ClusterMap } from './ports.js';

/**
 * What other nodes send, looked at before anything is done with it: a node of the cluster means no harm, but may be of another version, or broken.
 * What is not of its form throws, which ends the link (CLU-41); the engine would stop the server. Written out by hand, for the feed carries
 * every commit. What records and facts say is left to the engine.
 */

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, unknown>>;

const isUint = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isInt: Check = (value) => Number.isSafeInteger(value);
const isNumber: Check = (value) => Number.isFinite(value);
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isPid = (value: unknown): value is number => isUint(value) && value < PARTITION_COUNT;
const isAnything: Check = () => true;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const orNone =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const rowOf =
  (...checks: readonly Check[]): Check =>
  (value) =>
    Array.isArray(value) && checks.every((check, at) => check(value[at]));
const fieldsOf = (checks: Readonly<Record<string, Check>>): Check => {
  const entries = Object.entries(checks);
  return (value) => isFields(value) && entries.every(([name, check]) => check(value[name]));
};
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

/** A frame of this form; throws for any other. */
function formed<T>(value: unknown, check: Check, what: string): T {
  if (!check(value)) throw new TypeError(`${what} of another form`);
  // Whoever passes the check is one.
  return value as T;
}

const isMark = orNone(rowOf(isNumber, isText, isUint, isUint, isNumber));
const isFact = rowOf(isText, isAnything);
const isPlace = rowOf(isPid, isUint, isUint);
const restOfRecord = [orNone(isText), orNone(isNumber), orNone(isText), orNone(isText), orNone(isNumber)];
const isRecordRow = rowOf(
  ...[isUint, isText, oneOf(...KINDS), isUint, isText, isUint, isUint, isFlag, isAnything],
  ...restOfRecord,
);
const isTotals = rowOf(isNumber, isNumber);

/** A counter has totals, an element a tag. */
const isRecord: Check = (value) => {
  if (!isRecordRow(value)) return false;
  const [, , kind, , , , , isGone, content, tag] = value as readonly unknown[];
  return kind === 'PN' ? !isGone && isTotals(content) : kind === 'LWW' || isText(tag);
};

const isSlice = rowOf(isPid, isUint, isUint, isUint, isUint, listOf(isRecord), isMark, listOf(isUint));
const isCommit = fieldsOf({
  maps: listOf(isText),
  slices: listOf(isSlice),
  facts: listOf(isFact),
  revision: isInt,
});
const isStanding = fieldsOf({ places: listOf(isPlace), revision: isUint });

/** A frame of the channel `feed`. Throws TypeError. */
export function feedFrameOf(message: unknown): FeedFrame {
  const isRight: Check = (frame) =>
    isFields(frame) &&
    ((frame.say === 'commit' && isCommit(frame)) || (frame.say === 'standing' && isStanding(frame)));
  return formed(message, isRight, 'a frame of the feed');
}

const isBase = orNone(Array.isArray);
const isTags = listOf(isText);

function isWrite(
  code: unknown,
  maps: number,
  map: unknown,
  key: unknown,
  base: unknown,
  payload: unknown,
): boolean {
  if (!isUint(map) || map >= maps || !isText(key) || !isBase(base)) return false;
  if (code === OP.OR_REMOVE) return isTags(payload);
  return code === OP.INCREMENT ? isInt(payload) : oneOf(OP.PUT, OP.REMOVE, OP.OR_ADD)(code);
}

function isOpRow(row: unknown, maps: number): boolean {
  if (!Array.isArray(row)) return false;
  const [seq, code, map, key, t, base, payload, ttlMs, node] = row;
  if (!isUint(seq) || !isUint(t) || !orNone(isNumber)(ttlMs) || !orNone(isText)(node)) return false;
  if (code !== OP.TRANSACTION) return isWrite(code, maps, map, key, base, payload);
  const isSubRow: Check = (sub) =>
    Array.isArray(sub) && isWrite(sub[0], maps, sub[1], sub[2], sub[3], sub[4]) && orNone(isNumber)(sub[5]);
  return isText(key) && Array.isArray(payload) && payload.length > 0 && payload.every(isSubRow);
}

const isOpsHead = fieldsOf({
  type: oneOf('OPS'),
  session: isText,
  settledBelow: isUint,
  incarnation: isText,
  concern: oneOf(0, 1, 2, 3, 4),
  maps: listOf(isText),
  rows: Array.isArray,
});
const isOps: Check = (value) => {
  if (!isOpsHead(value)) return false;
  const { maps, rows } = value as { readonly maps: readonly string[]; readonly rows: readonly unknown[] };
  return rows.length > 0 && rows.every((row) => isOpRow(row, maps.length));
};

const asks: Readonly<Record<AskItem['ask'], Check>> = {
  open: fieldsOf({
    clientId: isText,
    principal: fieldsOf({ sub: isText, roles: listOf(isText), claims: isFields }),
    sessions: listOf(isText),
    remote: isText,
    seenMs: orNone(isNumber),
  }),
  ops: fieldsOf({ ops: isOps, version: isUint }),
  end: fieldsOf({ session: isText }),
  close: fieldsOf({ hasLeft: isFlag }),
};

/** What the gateway of a client says. Throws TypeError. */
export function askItemOf(item: unknown): AskItem {
  const isRight: Check = (value) =>
    isFields(value) &&
    isInt(value.conn) &&
    typeof value.ask === 'string' &&
    Object.hasOwn(asks, value.ask) &&
    asks[value.ask as AskItem['ask']](value);
  return formed(item, isRight, 'what a gateway says');
}

/** More ops than one answer is ever about: each is looked at. */
const SPAN_MAX = 1_000_000;

const isSpan: Check = (span) =>
  rowOf(isUint, isUint, isUint)(span) && ((span as number[])[1] as number) <= SPAN_MAX;
const isAnswer = fieldsOf({
  session: isText,
  level: isUint,
  epoch: isUint,
  spans: listOf(isSpan),
  pos: listOf(isUint),
  ex: orNone(listOf(rowOf(isUint, orNone(isText), orNone(Array.isArray)))),
});
const isError = fieldsOf({ code: isText, message: isText });
const answers: Readonly<Record<AnswerItem['say'], Check>> = {
  message: fieldsOf({
    message: (said) =>
      isFields(said) &&
      ((said.type === 'OP_ACK' && isAnswer(said)) || (said.type === 'ERROR' && isError(said))),
  }),
  bounced: fieldsOf({ session: isText, seqs: listOf(isUint), version: isUint }),
  closed: fieldsOf({ code: isUint, error: isText }),
};

/** What an owner says of a connection. Throws TypeError. */
export function answerItemOf(item: unknown): AnswerItem {
  const isRight: Check = (value) =>
    isFields(value) &&
    isInt(value.conn) &&
    typeof value.say === 'string' &&
    Object.hasOwn(answers, value.say) &&
    answers[value.say as AnswerItem['say']](value);
  return formed(item, isRight, 'what an owner says');
}

const isOwner = fieldsOf({
  pid: isPid,
  epoch: isUint,
  node: orNone(isText),
  boot: orNone(isText),
  target: orNone(isText),
});
const isNode = fieldsOf({ name: isText, boot: isText, slot: isUint, address: isText, state: isText });
const isMap = fieldsOf({ version: isUint, nodes: listOf(isNode), owners: listOf(isOwner) });

/** A map that another node knows. Throws TypeError. */
export const clusterMapOf = (value: unknown): ClusterMap => formed(value, isMap, 'a map of the cluster');

/** A frame of the channel `barrier`. Throws TypeError. */
export function barrierNumbersOf<T>(message: unknown): T {
  const isRight = fieldsOf({ say: oneOf('asked', 'answered'), number: isUint, version: orNone(isUint) });
  return formed(message, isRight, 'a frame of the barrier');
}
