import { familyOf } from '../metrics/mapFamilies.js';
import { describeError } from './describeError.js';

/** What a value of a field may show; undefined for nothing. */
type Show = (value: unknown) => unknown;

const number: Show = (value) => (typeof value === 'number' ? value : undefined);
const flag: Show = (value) => (typeof value === 'boolean' ? value : undefined);
const matching =
  (form: RegExp): Show =>
  (value) =>
    typeof value === 'string' && form.test(value) ? value : undefined;
/** A name of ours, an id, a code, an address: no blank, nothing quoted. */
const word = matching(/^[\w.:@~+/[\]-]{1,100}$/);
/** A route of ours or a close code. */
const code: Show = (value) => number(value) ?? word(value);
/** Of a name that an app has given. */
const digest = matching(/^[\da-f]{12}$/);
/** A sentence made by our code. What stands behind the host of an address may be a secret. */
const sentence: Show = (value) =>
  typeof value === 'string'
    ? value.replace(/(\bhttps?:\/\/)(?:[^\s/@]*@)?([^\s/?#]+)\S*/g, '$1$2').slice(0, 200)
    : undefined;
/** Field names in a query are an app's; values are in none. */
const shape = matching(/^[\w ().,:…$-]{1,300}$/);
const family: Show = (value) =>
  typeof value === 'string' ? matching(/^[\w.-]{0,64}([:/]\*)?$/)(familyOf(value)) : undefined;
/** A name of one part is all an app's, as a room's is. */
const topic: Show = (value) => (/[:/]/.test(String(value)) ? family(value) : digest(value));
const place: Show = (value) => {
  const { epoch, n } = Object(value) as { epoch?: unknown; n?: unknown };
  return { epoch: number(epoch), n: number(n) };
};

/**
 * Every field that a log line may have, and what its value may show (OBS-30). Keys and values of records, subjects, tokens,
 * headers, and addresses that were asked for have no place here.
 */
const LOG_FIELDS: ReadonlyMap<string, Show> = new Map<string, Show>([
  // whom and what it is about
  ['conn', number],
  ['client', word],
  ['session', word],
  ['frame', word],
  ['requestId', word],
  ['remote', word],
  ['nodeId', word],
  ['hostname', word],
  ['pid', number],
  ['map', family],
  ['topic', topic],
  ['room', digest],
  ['event', digest],
  ['message', matching(/^[\w-]{1,64}$/)],
  ['from', word],
  ['resolver', word],
  ['server', word],
  ['backup', word],
  // what happened
  ['method', word],
  // One of ours; some stand for all paths below them.
  ['route', matching(/^[\w./*-]{1,100}$/)],
  ['why', matching(/^[a-z]{1,20}$/)],
  ['status', number],
  ['code', code],
  ['type', word],
  ['result', word],
  ['reason', sentence],
  ['problem', sentence],
  ['err', describeError],
  ['query', shape],
  ['path', word],
  ['change', word],
  ['source', word],
  ['storage', word],
  ['incarnation', word],
  ['renewedFrom', word],
  ['dev', flag],
  ['complete', flag],
  // how much and when
  ['ops', number],
  ['ms', number],
  ['offsetMs', number],
  ['delayMs', number],
  ['lagMs', number],
  ['atMs', number],
  ['epoch', number],
  ['examined', number],
  ['found', number],
  ['times', number],
  ['id', number],
  ['count', number],
  ['version', number],
  ['policies', number],
  ['records', number],
  ['bytes', number],
  ['told', place],
  ['committed', place],
  // where it listens
  ['host', word],
  ['port', number],
  ['metricsPort', number],
]);

/** What of the fields of a line is shown. How many were not is told, never their names: they may come from anywhere. */
export function shownFields(fields: object): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  let hidden = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const show = LOG_FIELDS.get(name)?.(value);
    if (show === undefined) hidden++;
    else shown[name] = show;
  }
  if (hidden > 0) shown.hidden = hidden;
  return shown;
}
