import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Expected, Family } from '../Family.js';
import { anyValue, packed, scalar } from './bytes.js';
import { CLIENT_TYPES, type ClientType, goldenFrames, REQUIRED } from './golden.js';
import { clientSays, family, said } from './probes.js';

const MISFIT: Expected = { rule: 'E3', code: 'BAD_MESSAGE' };
const UNKNOWN: Expected = { rule: 'E4', code: 'UNKNOWN_TYPE' };

/** What no field of any message may be, whatever it should be. */
const wrong = (rng: Rng): unknown =>
  rng.pick<unknown>([
    true,
    false,
    -1,
    0.5,
    -0.25,
    2 ** 53,
    -(2 ** 60),
    5n,
    '',
    new Date(5),
    { a: 1 },
    { length: 1 },
  ]);

/** Fields that say of each type what it may not be, by their place. Of those that may be anything there is none. */
const CHECKED: Readonly<Record<ClientType, number>> = {
  PING: 2,
  PONG: 2,
  AUTH: 6,
  SESSIONS: 1,
  SESSION_END: 1,
  OPS: 6,
  SYNC_INIT: 5,
  MERKLE_REQ: 4,
  ROWS_REQ: 4,
  SYNC_END: 1,
  QUERY_SUB: 7,
  QUERY_UNSUB: 1,
  TOPIC_SUB: 3,
  TOPIC_UNSUB: 1,
  TOPIC_PUB: 1,
  CLUSTER_SUB: 1,
};

const changed = (
  name: string,
  expected: Expected,
  type: ClientType,
  change: (frame: unknown[], rng: Rng) => void,
): Family =>
  said('envelopes', name, expected, (rng, around) => {
    const frame = [...goldenFrames(around)[type]];
    change(frame, rng);
    return packed(frame);
  });

const perType = CLIENT_TYPES.flatMap((type) => [
  changed(`${type}: too few fields`, MISFIT, type, (frame, rng) => {
    frame.length = rng.int(1, REQUIRED[type]);
  }),
  changed(`${type}: more fields than it has`, MISFIT, type, (frame, rng) => {
    const most = type === 'QUERY_SUB' ? 9 : frame.length;
    while (frame.length < most) frame.push(null);
    for (let more = rng.int(1, 9); more > 0; more--) frame.push(scalar(rng));
  }),
  changed(`${type}: a field of another type`, MISFIT, type, (frame, rng) => {
    frame[rng.int(1, CHECKED[type])] = wrong(rng);
  }),
  changed(`${type}: a field that must be there is nil`, MISFIT, type, (frame, rng) => {
    frame[rng.int(1, Math.min(REQUIRED[type], CHECKED[type]))] = null;
  }),
]);

const ofField = (name: string, type: ClientType, at: number, make: (rng: Rng) => unknown): Family =>
  changed(`${type}: ${name}`, MISFIT, type, (frame, rng) => {
    frame[at] = make(rng);
  });

const badMapName = (rng: Rng): string =>
  rng.pick([
    'm'.repeat(LIMITS.mapNameChars + rng.int(1, 300)),
    `a b${rng.id(3)}`,
    `ключ${rng.id(2)}`,
    `a\u0000${rng.id(2)}`,
    `../${rng.id(2)}?`,
    `{${rng.id(3)}}`,
    `${rng.id(3)}\n`,
    `*`,
  ]);

const fields: readonly Family[] = [
  ofField('a map that no map is called', 'SYNC_INIT', 2, badMapName),
  ofField('a map that no map is called', 'QUERY_SUB', 2, badMapName),
  ofField('a map that no map is called', 'MERKLE_REQ', 2, badMapName),
  ofField('a map that no map is called', 'SYNC_END', 1, badMapName),
  ofField('a map that no map is called', 'OPS', 5, (rng) => [badMapName(rng)]),
  ofField('sessions of another form', 'SESSIONS', 1, (rng) => [
    rng.id(rng.pick([1, 10, 12, 22])),
    rng.id(11),
  ]),
  ofField('more sessions than admitted', 'SESSIONS', 1, (rng) =>
    Array.from({ length: LIMITS.sessionsPerConnection + rng.int(1, 20) }, () => rng.id(11)),
  ),
  ofField(
    'a session of another form',
    'SESSION_END',
    1,
    (rng) => `${rng.id(10)}${rng.pick(['=', '+', '/', ' ', 'é'])}`,
  ),
  ofField('a session of another form', 'OPS', 1, (rng) => rng.id(rng.pick([1, 10, 12, 22]))),
  ofField('an incarnation that is too long', 'OPS', 3, (rng) =>
    'i'.repeat(LIMITS.incarnationChars + rng.int(1, 99)),
  ),
  ofField('a level that there is not', 'OPS', 4, (rng) => rng.int(5, 300)),
  ofField('more maps than admitted', 'OPS', 5, (rng) =>
    Array.from({ length: LIMITS.mapsPerFrame + rng.int(1, 20) }, (_, i) => `open:${i}`),
  ),
  ofField('a query id that is too long', 'QUERY_UNSUB', 1, (rng) =>
    'q'.repeat(LIMITS.queryIdChars + rng.int(1, 99)),
  ),
  ofField('a topic that is too long', 'TOPIC_SUB', 1, (rng) =>
    't'.repeat(LIMITS.topicChars + rng.int(1, 999)),
  ),
  ofField('a topic that is too long', 'TOPIC_PUB', 1, (rng) =>
    '😀'.repeat(LIMITS.topicChars + rng.int(1, 99)),
  ),
];

const typed = (name: string, type: (rng: Rng) => unknown): Family =>
  said('envelopes', name, UNKNOWN, (rng, around) => {
    const frame = [...goldenFrames(around)[rng.pick(CLIENT_TYPES)]];
    frame[0] = type(rng);
    return packed(frame);
  });

const types: readonly Family[] = [
  typed('types between those that there are', (rng) => rng.int(16, 31)),
  typed('types of a server', (rng) => rng.pick([32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 48, 49])),
  typed('types beyond all that there are', (rng) =>
    rng.pick([rng.int(50, 127), rng.int(128, 65_535), 2 ** 31, 2 ** 52]),
  ),
  typed('types below zero, and broken ones', (rng) => rng.pick([-1, -rng.int(2, 2 ** 31), 0.5, 1.5, 13.999])),
  typed('types that are bigints', (rng) => BigInt(rng.int(0, 14))),
  typed('types that are texts', (rng) =>
    rng.pick(['PING', 'OPS', '0', '', 'constructor', '__proto__', 'toString']),
  ),
  typed('types that are something else', (rng) =>
    rng.pick([null, true, false, [0], { type: 0 }, new Date(0)]),
  ),
  said('envelopes', 'arrays of anything', UNKNOWN, (rng) =>
    packed([
      rng.pick([null, {}, 'x', 99, 16]),
      ...Array.from({ length: rng.int(0, 20) }, () => anyValue(rng)),
    ]),
  ),
];

const sessions: readonly Family[] = [
  family(
    'envelopes',
    'too many refused messages',
    { rule: 'E3', code: 'BAD_MESSAGE', close: CLOSE_CODE.STRIKES },
    (rng) => ({
      ...clientSays(
        { rule: 'E3', close: CLOSE_CODE.STRIKES },
        ...Array.from({ length: LIMITS.strikes + rng.int(0, 5) }, () =>
          packed([rng.int(0, 1), rng.pick([-1, 0.5, 'x'])]),
        ),
      ),
      fresh: true,
    }),
  ),
  family(
    'envelopes',
    'too many unknown messages',
    { rule: 'E4', code: 'UNKNOWN_TYPE', close: CLOSE_CODE.STRIKES },
    (rng) => ({
      ...clientSays(
        { rule: 'E4', close: CLOSE_CODE.STRIKES },
        ...Array.from({ length: LIMITS.strikes }, () => packed([rng.int(16, 31)])),
      ),
      fresh: true,
    }),
  ),
  said('envelopes', 'messages that need no answer', { rule: 'accepted' }, (rng, around: Around) => {
    const frames = goldenFrames(around);
    return packed(
      frames[
        rng.pick(['PONG', 'SYNC_END', 'QUERY_UNSUB', 'TOPIC_UNSUB', 'SESSIONS', 'SESSION_END'] as const)
      ],
    );
  }),
];

/** Messages as arrays, and what is wrong with their types, counts and fields. */
export const envelopeFamilies: readonly Family[] = [...perType, ...fields, ...types, ...sessions];
