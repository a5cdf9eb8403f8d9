import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersAfter, freePort, option, topgun } from '../crash/harness.js';
import { ServerProcess } from '../crash/ServerProcess.js';
import { CRASH_MAP, Writer } from '../crash/Writer.js';
import { Rng } from '../rng.js';
import { Receiver } from './Receiver.js';
import { Sender } from './Sender.js';

/**
 * `npm run test:webhooks [-- --kills N --seed S]`: a real server that is told of events and tells of writes is killed with SIGKILL again and
 * again. Every write that was acknowledged has to reach the receiver, at least once (HOOK-22, HOOK-33), and every event that was
 * answered 200 has to be known when it is sent again (HOOK-6, HOOK-8).
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 20;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const folder = await mkdtemp(join(tmpdir(), 'topgun-webhooks-'));
  const env = { TOPGUN_JWT_SECRET: randomBytes(48).toString('base64') };
  const secret = randomBytes(24).toString('hex');
  const [policiesFile, webhooksFile] = [join(folder, 'policies.json'), join(folder, 'webhooks.json')];
  const mayWrite = { role: 'user', map: CRASH_MAP, actions: ['READ', 'PUT'] };
  await writeFile(policiesFile, JSON.stringify([mayWrite, { ...mayWrite, role: 'ADMIN' }]));
  const senders = [{ provider: 'shop', tenant: 'acme', secrets: [secret] }];
  await writeFile(webhooksFile, JSON.stringify({ senders }));
  const tokenOf = (roles: string): Promise<string> =>
    topgun(['token', '--sub', roles, '--roles', roles, '--ttl', '2h'], env);
  const [user, admin] = [await tokenOf('user'), await tokenOf('ADMIN')];
  const port = await freePort();
  const args = [
    '--data-dir',
    join(folder, 'data'),
    '--policies-file',
    policiesFile,
    '--webhooks-file',
    webhooksFile,
  ];
  const server = new ServerProcess(
    [...args, '--webhook-networks', '127.0.0.0/8', '--log-level', 'warn'],
    env,
  );
  const receiver = new Receiver();
  const sender = new Sender(`http://127.0.0.1:${port}/webhooks/shop?tenant=acme`, secret);
  const writers: Writer[] = [];
  const faults: string[] = [];
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${admin}` },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  try {
    const url = await receiver.open();
    await server.start(port);
    await ask('/api/webhooks', { url, maps: [CRASH_MAP] });
    sender.start();
    for (let i = 0; i < 4; i++) {
      const writer = new Writer(`ws://127.0.0.1:${port}`, user, `w${i}`, Number.POSITIVE_INFINITY);
      writers.push(writer);
      writer.start(2);
    }
    for (let kill = 0; kill < kills; kill++) {
      await answersAfter(writers, rng.int(20, 200));
      await server.kill();
      await server.start(port);
    }
    await Promise.all(writers.map((writer) => writer.finish()));
    await sender.stop();
    for (const body of sender.accepted)
      if ((await sender.send(body)) !== true)
        faults.push(`the event ${body} was answered 200 and is not known`);
    const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
    const missing = await missingAfter(receiver, acknowledged, 60_000);
    for (const key of missing) faults.push(`${key} was acknowledged and never told`);
    const { subscriptions } = (await ask('/api/webhooks')) as { subscriptions: { dropped: number }[] };
    for (const { dropped } of subscriptions)
      if (dropped > 0) faults.push(`${dropped} deliveries found no room`);
    for (const fault of faults.slice(0, 10)) console.log(`FAULT ${fault}`);
    console.log(
      `${kills} kills, ${acknowledged.length} acknowledged writes told in ${receiver.deliveries} deliveries (${receiver.repeated} repeated), ${sender.accepted.length} events taken in, ${faults.length} faults, seed ${seed}`,
    );
    return faults.length === 0 ? 0 : 1;
  } finally {
    await Promise.allSettled(writers.map((writer) => writer.stop()));
    await sender.stop();
    await server.kill();
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The keys that the receiver has not been told of when there are none left, or the time is up. */
async function missingAfter(receiver: Receiver, keys: readonly string[], waitMs: number): Promise<string[]> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const missing = keys.filter((key) => !receiver.keys.has(key));
    if (missing.length === 0 || performance.now() > deadline) return missing;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

process.exitCode = await main();
