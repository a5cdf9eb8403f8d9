import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Expected, Family } from '../Family.js';
import { goodClaims, jwtOf, USER } from '../identity.js';
import { type FrameParts, frameOf, OPCODE } from '../link/frameOf.js';
import { asked, family } from './probes.js';
import { upgradeRequest } from './upgrade.js';

const TOPIC = 'open:fuzz';

const good = ({ nowMs }: Around, sub = USER): string => jwtOf({ alg: 'HS256' }, goodClaims(sub, nowMs));
const text = (frame: unknown, parts: FrameParts = {}): Buffer =>
  frameOf(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)), {
    opcode: OPCODE.TEXT,
    ...parts,
  });

type Make = (rng: Rng, around: Around) => Buffer;

const saidBy =
  (tokenOf: (around: Around) => { readonly token?: string }) =>
  (name: string, expected: Omit<Expected, 'rule'>, make: Make): Family =>
    family('doors', `/ws: ${name}`, { rule: 'E11', ...expected }, (rng, around) => ({
      kind: 'json',
      bytes: make(rng, around),
      ...tokenOf(around),
    }));

/** Of somebody whose token was good. */
const says = saidBy((around) => ({ token: good(around) }));

/** Of somebody who has not said who it is. */
const strange = saidBy(() => ({}));

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
};

const kept: readonly Family[] = [
  says('texts that are no JSON', { jsonCode: 'BAD_MESSAGE' }, (rng) =>
    text(
      rng.pick([
        '',
        '{',
        '[',
        'nul',
        "{'a':1}",
        '{"type":}',
        '\u0000',
        rng.id(20),
        '[1,]',
        '{"a":1}}',
        '['.repeat(5_000),
      ]),
    ),
  ),
  says('JSON that is no object', { jsonCode: 'BAD_MESSAGE' }, (rng) =>
    text(rng.pick(['1', 'null', 'true', '"x"', '[]', '[{"type":"ping"}]', '1e999', '-0'])),
  ),
  says('types that there are not', { jsonCode: 'UNKNOWN_TYPE' }, (rng) =>
    text({
      type: rng.pick([
        '',
        'x',
        'constructor',
        '__proto__',
        'toString',
        'PING',
        'ack',
        'error',
        'welcome',
        rng.id(9),
      ]),
    }),
  ),
  says('frames of another form', { jsonCode: 'BAD_MESSAGE' }, (rng) =>
    text(
      rng.pick([
        {},
        { type: 1 },
        { type: null },
        { type: 'message' },
        { type: 'message', topic: TOPIC, payload: null },
        { type: 'message', topic: '', payload: 1 },
        { type: 'message', topic: 7, payload: 1 },
        { type: 'message', topic: 'x'.repeat(257), payload: 1 },
        { type: 'message', topic: TOPIC, payload: 1, message_id: 'not sane' },
        { type: 'message', topic: TOPIC, payload: 1, message_id: 'x'.repeat(65) },
        { type: 'notification', topic: TOPIC, to_user: '', payload: 1 },
        { type: 'subscribe' },
        { type: 'subscribe', topic: TOPIC, since: 'x' },
        { type: 'subscribe', topic: TOPIC, since: { epoch: 'e', offset: -1 } },
        { type: 'subscribe', topic: TOPIC, since: { epoch: 'e', offset: 1.5 } },
        { type: 'subscribe', topic: TOPIC, since: { epoch: 'e'.repeat(65), offset: 1 } },
        { type: 'subscribe', topic: TOPIC, history: -1 },
        { type: 'subscribe', topic: TOPIC, history: 1e9 },
        { type: 'subscribe', topic: TOPIC, echo: 'no' },
        { type: 'history', topic: TOPIC, limit: 1e9 },
        { type: 'history' },
        { type: 'unsubscribe' },
        { type: 'auth' },
        { type: 'auth', payload: {} },
        { type: 'auth', payload: { token: '' } },
        { type: 'notification', payload: 1 },
        { type: 'message', payload: 1 },
      ]),
    ),
  ),
  says('bytes in place of a text', { jsonCode: 'BAD_MESSAGE' }, (rng) =>
    frameOf(Buffer.from(rng.pick(['{"type":"ping"}', '', '\u0000', rng.id(50)])), { opcode: OPCODE.BINARY }),
  ),
  says('topics of odd characters', {}, (rng) =>
    text({
      type: 'message',
      topic: `open:${rng.pick(['\u0000', '\n', 'a\u0007', '\u007f', '\u2028', '%00', '..', '<x>'])}`,
      payload: 1,
    }),
  ),
  says('topics that are not open', { jsonCode: 'DENIED' }, (rng) =>
    text({
      type: rng.pick(['message', 'subscribe', 'history']),
      topic: rng.pick([
        'closed',
        'user/nora',
        'tenant/x',
        '*',
        'mailbox/a',
        'presence/room/a',
        '__proto__',
        'topic:open:x',
      ]),
      payload: 1,
    }),
  ),
  says('words to everybody of who is no ADMIN', { jsonCode: 'DENIED' }, (rng) =>
    text({ type: rng.pick(['broadcast', 'system']), payload: rng.id(5) }),
  ),
  says('values deeper than a record has', { jsonCode: 'TOPIC_INVALID' }, (rng) =>
    text({ type: 'message', topic: TOPIC, payload: nested(rng.int(200, 3_000)) }),
  ),
  says('good frames that look odd', {}, (rng) =>
    text(
      rng.pick([
        '{"type":"ping","payload":{"__proto__":1,"constructor":{"prototype":1}}}',
        `{"type":"message","topic":"${TOPIC}","payload":{"constructor":1,"toString":2}}`,
        {
          type: 'message',
          topic: TOPIC,
          payload: 'é\u2028\u0000'.repeat(100),
          from_user: 'nora',
          timestamp: 0,
          epoch: 'x',
          offset: -1,
        },
        { type: 'subscribe', topic: TOPIC, since: { epoch: '', offset: 0 } },
        { type: 'subscribe', topic: TOPIC, since: { epoch: rng.id(9), offset: Number.MAX_SAFE_INTEGER } },
        { type: 'unsubscribe', topic: 'never joined' },
        { type: 'history', topic: TOPIC, limit: 0 },
      ]),
    ),
  ),
];

const closed: readonly Family[] = [
  says('frames that are too large', { close: 1009 }, (rng) =>
    text({ type: 'ping', payload: 'x'.repeat(rng.int(65_536, 90_000)) }),
  ),
  says('frames that claim to be larger than they are', { close: 1009 }, (rng) =>
    text('{', { lengthBytes: 8, claims: BigInt(rng.int(70_000, 2 ** 31)) }),
  ),
  says('frames that break the protocol', { close: 1002 }, (rng) =>
    rng.pick([
      text('{}', { isMasked: false }),
      text('{}', { reserved: rng.int(1, 7) }),
      text('{}', { opcode: rng.pick([3, 4, 5, 6, 7, 11, 12, 15]) }),
      text('{}', { opcode: OPCODE.CONTINUATION }),
      text('x'.repeat(126), { opcode: OPCODE.PING }),
    ]),
  ),
  says('texts that are no UTF-8', { close: 1007 }, (rng) =>
    frameOf(Buffer.from(rng.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x7b, 0xfe]])), {
      opcode: OPCODE.TEXT,
    }),
  ),
  says('tokens of others, and bad ones', { jsonCode: 'AUTH_FAILED', close: 4401 }, (rng, around) =>
    text({
      type: 'auth',
      payload: { token: rng.pick([good(around, 'nora'), 'a.b.c', rng.id(40), `${good(around)}x`]) },
    }),
  ),
  strange('strangers who say something else first', { jsonCode: 'AUTH_REQUIRED', close: 4401 }, (rng) =>
    text(rng.pick(['{"type":"ping"}', '{}', '', '[', `{"type":"subscribe","topic":"${TOPIC}"}`, rng.id(9)])),
  ),
  strange('strangers with bad tokens', { jsonCode: 'AUTH_FAILED', close: 4401 }, (rng, around) =>
    text({
      type: 'auth',
      payload: {
        token: rng.pick([
          'x',
          'a.b.c',
          rng.id(200),
          jwtOf({ alg: 'none' }, goodClaims(USER, around.nowMs)),
          jwtOf({ alg: 'HS256' }, {}),
        ]),
      },
    }),
  ),
];

const comesIn = (
  name: string,
  status: readonly number[],
  make: (rng: Rng, around: Around) => string,
): Family =>
  asked('doors', `/ws: ${name}`, status, (rng, around) =>
    upgradeRequest(rng, around.host, {}, `GET /ws${make(rng, around)} HTTP/1.1`),
  );

const handshakes: readonly Family[] = [
  comesIn(
    'addresses with tokens that are none',
    [401],
    (rng) =>
      `?token=${rng.pick(['x', 'a.b.c', '%00', '%ff', rng.id(90), 'x'.repeat(4_000), '&token=', '..', '%2e%2e'])}`,
  ),
  comesIn(
    'addresses with several tokens',
    [401],
    (rng, around) => `?token=${good(around)}&token=${rng.pick([good(around, 'nora'), 'x', ''])}`,
  ),
  comesIn(
    'addresses with places that are none',
    [400],
    (rng, around) =>
      `?token=${good(around)}&resume=${rng.pick(['', 'x', '@', 'a@b', 'a@b:-1', 'a@b:x', `a@${'e'.repeat(65)}:1`, 'a@b:99999999999999999', '@b:1'])}`,
  ),
  comesIn('addresses that look odd', [101], (rng, around) =>
    `?${rng.pick(['', '&', '?', '%', 'a=%zz&', '__proto__=1&'])}token=${good(around)}`.replace(
      '?&token',
      '?&token',
    ),
  ),
];

/** Handshakes and frames at `/ws`. */
export const jsonFamilies: readonly Family[] = [...handshakes, ...kept, ...closed];
