import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Family } from '../Family.js';
import { goodClaims, jwtOf, USER } from '../identity.js';
import { asked } from './probes.js';

interface Asked {
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body: string;
}

/** Requests of somebody who has a token. */
const records = (
  name: string,
  status: readonly number[],
  make: (rng: Rng, around: Around) => Asked,
): Family =>
  asked('http', name, status, (rng, around) => {
    const { line, headers = [], body } = make(rng, around);
    // Bytes are written as latin1.
    const bytes = Buffer.from(body, 'utf8').toString('latin1');
    return [
      `${line} HTTP/1.1`,
      `Host: ${around.host}`,
      'Connection: close',
      `Authorization: Bearer ${jwtOf({ alg: 'HS256' }, goodClaims(USER, around.nowMs))}`,
      `Content-Length: ${bytes.length}`,
      ...headers,
      '',
      bytes,
    ].join('\r\n');
  });

const set = (value: unknown): string => JSON.stringify({ value });
const keyOf = (rng: Rng): string => encodeURIComponent(`k${rng.int(0, 9)}`);
const wrong = [
  '[]',
  'null',
  '1',
  '""',
  '{',
  '{}',
  '{"value":1,"value2":1}',
  '{"ttlMs":1}',
  '\u0000',
  '{"value":01}',
];
const marks = [{ $date: 'never' }, { $bigint: 'x' }, { $bytes: 'zz' }, { $plain: 1 }, { $other: 'x' }];
const strangeMaps = ['%00', '%ff', 'a%20b', '..%2f%zz', `${'m'.repeat(129)}`, '%E2%98%83', '__proto__%00'];

/** The doors for records: bodies, paths, keys and questions of every wrong form; nothing of them may change anything or be answered 500. */
export const httpRecordFamilies: readonly Family[] = [
  records('writes of another form', [400], (rng) => ({
    line: `PUT /api/records/open:a/${keyOf(rng)}`,
    body: rng.pick(wrong),
  })),
  records('values with marks that hold nothing', [400], (rng) => ({
    line: `PUT /api/records/open:a/${keyOf(rng)}`,
    body: set(rng.pick(marks)),
  })),
  records('values with too many levels', [400], (rng) => {
    const levels = rng.int(40, 60_000);
    return {
      line: `PUT /api/records/open:a/${keyOf(rng)}`,
      body: `{"value":${'['.repeat(levels)}${']'.repeat(levels)}}`,
    };
  }),
  records('maps and keys that there cannot be', [400], (rng) => ({
    line: `PUT /api/records/${rng.pick([`${rng.pick(strangeMaps)}/k`, 'open:a', 'open:a/', `open:a/${'k'.repeat(600)}`, 'a/b/c', '/k'])}`,
    body: set(1),
  })),
  records('writes to maps without a right', [403], (rng) => ({
    line: `POST /api/records/${rng.pick(['witness', 'closed:a', 'reads:a', 'good:notes'])}/${keyOf(rng)}`,
    body: '{"op":"set","value":1}',
  })),
  records('reads of what there is not', [404], (rng) => ({
    line: `GET /api/records/open:none/${keyOf(rng)}`,
    body: '',
  })),
  records('reads of maps without a right', [403], (rng) => ({
    line: `GET /api/records/${rng.pick(['witness', 'closed:a', 'good:notes'])}/${keyOf(rng)}`,
    body: '',
  })),
  records('batches of another form', [400], (rng) => ({
    line: 'POST /api/records',
    body: rng.pick([
      ...wrong,
      '{"ops":[]}',
      '{"ops":[1]}',
      '{"ops":[{"op":"set"}]}',
      '{"ops":[{"op":"drop","map":"open:a","key":"k"}]}',
      '{"ops":[{"op":"increment","map":"open:n","key":"k","by":1.5}]}',
      '{"ops":[{"op":"increment","map":"open:n","key":"k","by":0}]}',
      '{"ops":[{"op":"remove","map":"open:s","key":"k","tags":[]}]}',
      '{"ops":[{"op":"set","map":"open:a","key":"","value":1}]}',
      JSON.stringify({ ops: Array.from({ length: 501 }, () => 1) }),
    ]),
  })),
  records('transactions over several partitions', [400], () => ({
    line: 'POST /api/records',
    body: JSON.stringify({
      atomic: true,
      ops: [...'abcdef'].map((key) => ({ op: 'set', map: 'open:a', key, value: 1 })),
    }),
  })),
  records('keys of requests that are none', [400], (rng) => ({
    line: `PUT /api/records/open:a/${keyOf(rng)}`,
    headers: [`Idempotency-Key: ${rng.pick(['', ' ', 'a b', '\u00e4', 'x'.repeat(129), 'a,\tb'])}`],
    body: set(1),
  })),
  records('bases and concerns that are none', [400], (rng) => ({
    line: `DELETE /api/records/open:a/k?${rng.pick(['base=x', 'base=1', 'base=@', 'base=99999999999999999999@n', 'concern=NONE', 'concern='])}`,
    body: '',
  })),
  records('bodies that are too large for a write', [413], (rng) => ({
    line: `PUT /api/records/open:a/${keyOf(rng)}`,
    body: set('x'.repeat(262_144 + rng.int(1, 9_000))),
  })),
  records('questions of another form', [400], (rng) => ({
    line: 'POST /api/query',
    body: rng.pick([
      ...wrong,
      '{"map":1}',
      '{"map":"open:a","limit":1001}',
      '{"map":"open:a","limit":-1}',
      '{"map":"open:a","where":[]}',
      '{"map":"open:a","where":{"a":{"$near":1}}}',
      '{"map":"open:a","where":{"a":{"$regex":"("}}}',
      '{"map":"open:a","where":{"a":{"$gt":{"$date":"x"}}}}',
      '{"map":"open:a","predicate":{"op":"and"}}',
      '{"map":"open:a","sort":{"a":"up"}}',
      '{"map":"open:a","after":"x"}',
      `{"map":"open:a","where":${'{"$not":'.repeat(200)}{}${'}'.repeat(200)}}`,
    ]),
  })),
  records('questions about maps without a right', [403], (rng) => ({
    line: 'POST /api/query',
    body: JSON.stringify({ map: rng.pick(['witness', 'closed:a', 'good:notes']) }),
  })),
];
