import { createHmac } from 'node:crypto';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Family } from '../Family.js';
import { SENDER } from '../fuzzedConfig.js';
import { goodClaims, jwtOf, USER } from '../identity.js';
import { simple as http } from './http.js';

interface Asked {
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Over HTTP at the doors of topics. */
const door = (
  name: string,
  status: readonly number[],
  make: (rng: Rng, around: Around) => Asked,
): Family => ({
  ...http(name, status, (rng, around) => {
    const { line, headers = [], body = '' } = make(rng, around);
    const isSent = /^(POST|PUT)/.test(line) && !headers.some((header) => header.startsWith('Content-Length'));
    const length = isSent ? [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`] : [];
    // Behind a GET it would be the beginning of another request.
    return { line, headers: [...headers, ...length], body: isSent ? body : '' };
  }),
  area: 'doors',
});

const bearer = ({ nowMs }: Around): string =>
  `Authorization: Bearer ${jwtOf({ alg: 'HS256' }, goodClaims(USER, nowMs))}`;
/** With a good token. */
const user = (name: string, status: readonly number[], make: (rng: Rng) => Asked): Family =>
  door(name, status, (rng, around) => {
    const { headers = [], ...rest } = make(rng);
    return { ...rest, headers: [bearer(around), ...headers] };
  });

const ID = 'a'.repeat(64);
const NO_JSON = ['', '{', 'x', '[', '{"data":}', "{'data':1}", '\u0000', '{"data":1}x'];

const events: readonly Family[] = [
  user('events: topics that none can be', [400], (rng) => ({
    line: `GET /events/subscribe?${rng.pick(['', 'topics=', 'streams=a%20b', 'streams=a/b', 'users=*', 'all=yes', 'all=1', 'all=', 'topics=%00', 'topics=a%0Ab', `streams=${'x'.repeat(129)}`, `topics=${'x'.repeat(257)}`, `topics=${Array.from({ length: 101 }, (_, i) => `t${i}`).join()}`, 'topics=,', 'streams=%7F', 'token=x'])}`,
  })),
  user('events: topics that are not open', [403], (rng) => ({
    line: `GET /events/subscribe?${rng.pick(['topics=closed', 'all=true', 'users=nora', 'streams=1', 'topics=open:x,closed', 'topics=__proto__', 'topics=mailbox%2Fa', 'topics=*'])}`,
  })),
  door('events: without a token, or with one that is none', [401], (rng) => ({
    line: `GET /events/subscribe?topics=open:x&token=${rng.pick(['', 'x', 'a.b.c', rng.id(60), '%00', '%ff', 'x'.repeat(3_500)])}`,
    headers: rng.chance(0.3)
      ? [`Authorization: ${rng.pick(['Bearer', 'Bearer x', 'Basic YTpi', 'bearer a.b.c'])}`]
      : [],
  })),
  user('events: other methods', [405], (rng) => ({
    line: `${rng.pick(['POST', 'PUT', 'DELETE', 'PATCH'])} /events/${rng.pick(['subscribe?topics=open:x', 'stats'])}`,
    headers: ['Content-Length: 0'],
  })),
  user('events: places that are none', [200], (rng) => ({
    line: `HEAD /events/subscribe?topics=open:x${rng.pick(['', '&lastEventId=x', '&lastEventId=%00', `&lastEventId=${rng.id(200)}`])}`,
    headers: [
      `Last-Event-ID: ${rng.pick(['', 'x', '..', '0.0.0', '~', `${rng.id(8)}.e.zz`, '-1', '9'.repeat(400), '%00', 'a.b~c~d.1~9'])}`,
    ],
  })),
];

const bridge: readonly Family[] = [
  door('bridge: events with parameters that are none', [400], (rng) => ({
    line: `GET /bridge/events?${rng.pick(['', 'client_id=', 'client_id=x', `client_id=${ID}0`, `client_id=${'g'.repeat(64)}`, `client_id=${ID},x`, `client_id=${ID}&last_event_id=x`, `client_id=${ID}&last_event_id=99999999999999999999`, `client_id=${ID}&heartbeat=x`, `client_id=${'é'.repeat(20)}`, 'client_id=%00'])}`,
    headers: rng.chance(0.2) ? ['Last-Event-ID: x'] : [],
  })),
  door('bridge: messages with parameters that are none', [400], (rng) => ({
    line: `POST /bridge/message?${rng.pick(['', `client_id=${ID}`, `client_id=${ID}&to=${ID}`, `client_id=x&to=${ID}&ttl=1`, `client_id=${ID}&to=x&ttl=1`, ...['x', '-1', '301', '1e3', '1.5', '', '99999999999999999999', 'NaN'].map((ttl) => `client_id=${ID}&to=${ID}&ttl=${ttl}`)])}`,
    body: rng.id(9),
  })),
  door('bridge: messages of any bytes', [200], (rng) => ({
    line: `POST /bridge/message?client_id=${ID}&to=${ID.replace(/^a/, 'b')}&ttl=1${rng.pick(['', '&topic=x', '&trace_id=x', '&trace_id=%00', '&no_request_source=true', '&topic=%00'])}`,
    body: rng.pick(['', '\u0000', '\u00ff\u00fe', '{"a":', rng.id(500), '\r\n\r\ndata: x\n\n']),
  })),
  door('bridge: bodies that are too large', [400, 413], (rng) => ({
    line: `POST ${rng.pick([`/bridge/message?client_id=${ID}&to=${ID}&ttl=1`, '/bridge/verify'])}`,
    headers: [`Content-Length: ${rng.int(10_485_761, 2 ** 31)}`],
    body: 'x',
  })),
  door('bridge: questions to verify that are none', [400], (rng) => ({
    line: `POST /bridge/verify${rng.pick(['', '?client_id=', '?client_id=x', `?client_id=${ID}&url=x&type=other`])}`,
    headers: ['Content-Type: application/json'],
    body: rng.pick([...NO_JSON, '[]', '{"client_id":1}', '{"client_id":["x"]}', 'null']),
  })),
  door('bridge: other methods', [405], (rng) => ({
    line: rng.pick([
      `DELETE /bridge/events?client_id=${ID}`,
      'GET /bridge/message',
      'PUT /bridge/verify',
      'PATCH /bridge/message',
    ]),
    headers: ['Content-Length: 0'],
  })),
];

const signed = (body: string): string =>
  `x-signature: sha256=${createHmac('sha256', SENDER.secrets[0]).update(Buffer.from(body, 'latin1')).digest('hex')}`;

const webhooks: readonly Family[] = [
  door('webhooks: signatures that are none', [401], (rng) => ({
    line: `POST /webhooks/${rng.pick(['shop', 'shop', 'github', 'stripe', 'slack', 'custom', '__proto__', '%00', rng.id(40)])}?tenant=${rng.pick(['acme', 'acme', 'other', '__proto__', '%00'])}`,
    headers: [
      rng.pick([
        'x-signature: sha256=',
        `x-signature: sha256=${'0'.repeat(64)}`,
        `x-signature: sha1=${'0'.repeat(40)}`,
        `x-signature: ${rng.id(64)}`,
        'x-hub-signature-256: sha256=x',
        `stripe-signature: t=${rng.pick(['x', '-1', '9'.repeat(40), '1'])},v1=${rng.id(10)}`,
        'stripe-signature: ,,,===',
        'x-slack-signature: v0=x',
        `webhook-signature: v1,${rng.id(30)} v1, v1a,x v2,y`,
        `X-A: ${rng.id(4)}`,
      ]),
    ],
    body: rng.pick(['', '{}', rng.id(50), '\u00ff']),
  })),
  door('webhooks: for no tenant', [400], (rng) => ({
    line: 'POST /webhooks/shop',
    body: rng.pick([
      '',
      '{}',
      '{"tenant_id":1}',
      '{"tenant_id":""}',
      '[]',
      'null',
      rng.id(9),
      '{"tenant_id":{"a":1}}',
    ]),
  })),
  door('webhooks: rightly signed, of odd bodies', [200, 400], (rng) => {
    const body = rng.pick([
      '',
      '{',
      `[${'['.repeat(rng.int(1, 4_000))}`,
      '1e999',
      '{"__proto__":{"a":1}}',
      '\u0000\u00ff',
      rng.id(300),
      `"${'x'.repeat(9_000)}"`,
      `${'[1,'.repeat(300)}1${']'.repeat(300)}`,
    ]);
    return {
      line: 'POST /webhooks/shop?tenant=acme',
      headers: [
        signed(body),
        `Content-Type: ${rng.pick(['application/json', 'application/x-www-form-urlencoded', 'text/plain', ';;', 'x'.repeat(200)])}`,
      ],
      body,
    };
  }),
  door('webhooks: bodies that are too large', [413], (rng) => ({
    line: 'POST /webhooks/shop?tenant=acme',
    headers: [`Content-Length: ${rng.int(2 ** 24, 2 ** 31)}`],
    body: 'x',
  })),
  door('webhooks: other methods', [405], (rng) => ({
    line: `${rng.pick(['GET', 'PUT', 'DELETE', 'PATCH'])} /webhooks/shop?tenant=acme`,
    headers: ['Content-Length: 0'],
  })),
];

const topics: readonly Family[] = [
  user('topics: bodies that are none', [400], (rng) => ({
    line: 'POST /api/topics/open:x',
    body: rng.pick([
      ...NO_JSON,
      '{}',
      '[]',
      'null',
      '1',
      '{"name":"x"}',
      '{"data":1,"more":1}',
      '{"data":1,"ttlMs":0}',
      '{"data":1,"ttlMs":1.5}',
      '{"data":1,"name":7}',
      '{"data":1,"id":""}',
      '{"data":1,"id":"not sane"}',
      '{"data":1,"name":"a\\nb"}',
      `{"data":1,"name":"${'x'.repeat(65)}"}`,
    ]),
  })),
  user('topics: names that none can have', [400], (rng) => ({
    line: `${rng.pick(['POST', 'GET'])} /api/topics/${rng.pick(['%', '%ff', '%ed%a0%80', 'x'.repeat(257), `open:${'x'.repeat(252)}`, ''])}`,
    body: '{"data":1}',
  })),
  user('topics: that are not open', [403], (rng) => ({
    line: `${rng.pick(['POST', 'GET'])} /api/topics/${rng.pick(['closed', 'user/nora', 'global', '__proto__', 'mailbox/a', 'presence/room/a', '*', '..%2fopen:x', 'webhook/acme'])}`,
    body: '{"data":1}',
  })),
  user('topics: places and limits that are none', [400, 404], (rng) => ({
    line: `GET /api/topics/open:x?${rng.pick(['after=x', 'after=:', 'after=e:-1', 'after=e:1e3', `after=${'e'.repeat(65)}:1`, 'after=e:99999999999999999', 'limit=0', 'limit=-1', 'limit=x', 'limit=1e9', 'limit=1.5', 'limit='])}`,
  })),
  door('topics: without a token, or with one that is none', [401], (rng) => ({
    line: `${rng.pick(['POST', 'GET'])} /api/${rng.pick(['topics', 'presence'])}/open:x?token=x`.replace(
      'POST /api/presence',
      'GET /api/presence',
    ),
    headers: rng.chance(0.5) ? [`Authorization: Bearer ${rng.id(20)}`] : [],
    body: '{"data":1}',
  })),
  user('topics: bodies that are too large', [413], (rng) => ({
    line: 'POST /api/topics/open:x',
    headers: [`Content-Length: ${rng.int(65_537 * 2, 2 ** 31)}`],
    body: '{',
  })),
  user('topics: values deeper than a record has', [400], (rng) => {
    const depth = rng.int(200, 9_000);
    return { line: 'POST /api/topics/open:x', body: `{"data":${'['.repeat(depth)}1${']'.repeat(depth)}}` };
  }),
  user('topics: good messages that look odd', [200], (rng) => ({
    line: `POST /api/topics/open:${rng.pick(['x', '%20', '..', '%2e%2e', '__proto__', 'a%2Fb', '%C3%A9'])}`,
    body: `{"data":${rng.pick(['0', '""', 'false', '{"constructor":{"prototype":1}}', '"\\u0000"', '[[],{}]', '1e-300'])},"name":${rng.pick(['""', '"x"', '"connected"', '"error"', '"data: x"'])}}`,
  })),
  user('presence: bodies that are none', [400], (rng) => ({
    line: 'PUT /api/presence/open:x',
    body: rng
      .pick([
        ...NO_JSON.map((text) => text.replace('data', 'state')),
        '{}',
        '{"state":null}',
        '{"state":1,"ttlMs":1}',
        '{"state":1,"ttlMs":1e9}',
        '{"state":1,"more":1}',
      ])
      .replace('{"state":1}x', '{"state":1}x'),
  })),
  user('presence: where one may not hear', [403], (rng) => ({
    line: `${rng.pick(['PUT', 'DELETE', 'GET'])} /api/presence/${rng.pick(['room/a', 'closed', '__proto__', 'room/%2e%2e'])}`,
    body: '{"state":1}',
  })),
  user('presence: states that are too large', [413], (rng) => ({
    line: 'PUT /api/presence/open:x',
    body: `{"state":"${'x'.repeat(rng.int(1_100, 3_000))}"}`,
  })),
];

/** Requests at the doors of topics. */
export const doorFamilies: readonly Family[] = [...events, ...bridge, ...webhooks, ...topics];
