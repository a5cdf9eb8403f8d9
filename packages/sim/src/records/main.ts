import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type HttpWritten, TopGunHttp, TopGunHttpError } from '@topgun/client/http';
import { freePort, topgun } from '../crash/harness.js';
import { ServerProcess } from '../crash/ServerProcess.js';
import { Rng } from '../rng.js';

/**
 * `npm run test:records [-- --kills N --seed N]`: posts batches of writes to a real `topgun start`, each with a key and over three connections at the
 * same time, and kills it with SIGKILL in between; then everything that was acknowledged must be there, what was not is posted again under its
 * key, and in the end each key must have had its effect exactly once (REC-12). Ends with 1 where one has not.
 */
const { kills, seed } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
}).values;
const WRITERS = 6;
const POSTS = 3;
const env = { TOPGUN_JWT_SECRET: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe' };

const rng = Rng.of(Number(seed), 'records');
const folder = await mkdtemp(join(tmpdir(), 'topgun-records-'));
const policies = join(folder, 'policies.json');
await writeFile(
  policies,
  JSON.stringify([{ role: 'BACKEND', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }]),
);
const port = await freePort();
const server = new ServerProcess(
  [
    ...['--data-dir', join(folder, 'data'), '--policies-file', policies],
    ...['--http-requests-per-user-max', '100000', '--http-requests-per-ip-max', '100000'],
  ],
  env,
);
const token = await topgun(['token', '--sub', 'shop', '--roles', 'BACKEND', '--ttl', '1h'], env);
const url = `http://127.0.0.1:${port}`;
const impatient = new TopGunHttp({ url, token, retries: 0 });
const patient = new TopGunHttp({ url, token });

/** tags by key; of an unanswered one none */
const known = new Map<string, string | undefined>();
const faults: string[] = [];
let answered = 0;
let repeated = 0;
let lost = 0;
try {
  for (let life = 0; life < Number(kills); life++) {
    await server.start(port);
    await lookAt([...known].filter(([, tag]) => tag !== undefined));
    for (const [key, tag] of known) if (tag === undefined) note(key, await post(patient, key));
    await untilKilled(life);
  }
  await server.start(port);
  for (const key of known.keys()) note(key, await post(patient, key));
  await lookAt([...known]);
  const total = (await patient.get<number>('hits', 'all'))?.value;
  if (total !== known.size) faults.push(`${known.size} keys had ${total} effects`);
} finally {
  await server.kill();
  await rm(folder, { recursive: true });
}
for (const fault of faults.slice(0, 10)) console.log(fault);
console.log(
  `${kills} kills, ${known.size} keys, ${answered} answers, ${repeated} of them repeated, ${lost} requests unanswered, ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

/** The same writes for the same key, in maps of every kind. */
async function post(client: TopGunHttp, key: string): Promise<string> {
  const results = await client.write(
    [
      { op: 'set', map: 'orders', key, value: { paid: key } },
      { op: 'add', map: 'items', key, value: 1 },
      { op: 'increment', map: 'hits', key, by: 1 },
      { op: 'increment', map: 'hits', key: 'all', by: 1 },
    ],
    { idempotencyKey: key },
  );
  const refused = results.find(({ outcome }) => outcome === 'rejected');
  if (refused !== undefined) {
    const code = 'code' in refused ? refused.code : '';
    throw new TopGunHttpError({
      code,
      message: code,
      remedy: '',
      status: 503,
      retryAfterMs: 0,
      retriable: true,
    });
  }
  const { tag = '', repeated: again } = results[1] as HttpWritten;
  if (again) repeated++;
  return tag;
}

function note(key: string, tag: string): void {
  answered++;
  const before = known.get(key);
  if (before !== undefined && before !== tag) faults.push(`${key} was answered ${before}, then ${tag}`);
  known.set(key, tag);
}

/** Many write at once; after some answers the server is killed among them. */
async function untilKilled(life: number): Promise<void> {
  const goal = answered + rng.int(1, 60);
  let isKilled = false;
  const send = async (key: string): Promise<void> => {
    try {
      note(key, await post(impatient, key));
    } catch (error) {
      if (!(error instanceof TopGunHttpError) || !error.retriable) throw error;
      lost++;
    }
    if (answered < goal || isKilled) return;
    isKilled = true;
    await server.kill();
  };
  const writing = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let n = 0; !isKilled; n++) {
      const key = `${life}.${writer}.${n}`;
      known.set(key, undefined);
      await Promise.all(Array.from({ length: POSTS }, () => send(key)));
    }
  });
  await Promise.all(writing);
}

/** What was acknowledged is there, once. */
async function lookAt(keys: readonly (readonly [key: string, tag: string | undefined])[]): Promise<void> {
  for (const [key, tag] of keys) {
    const [order, items, hits] = await Promise.all([
      patient.get<{ readonly paid: string }>('orders', key),
      patient.elements('items', key),
      patient.get<number>('hits', key),
    ]);
    const found = [order?.value.paid, items.map((item) => item.tag), hits?.value];
    if (JSON.stringify(found) !== JSON.stringify([key, [tag], 1]))
      faults.push(`${key}: ${JSON.stringify(found)}`);
  }
}
