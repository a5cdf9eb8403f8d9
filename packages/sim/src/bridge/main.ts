import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../crash/harness.js';
import { ServerProcess } from '../crash/ServerProcess.js';

/**
 * `npm run test:bridge [-- --kills N]`: posts to the message bridge of a real `topgun start`, kills it with SIGKILL the moment a post is answered
 * 200, starts it again and hears the mailbox: every message that was accepted is there, once and in its place. Ends with 1 where one is not.
 */
const { kills } = parseArgs({ options: { kills: { type: 'string', default: '20' } } }).values;

const [from, to] = ['a'.repeat(64), 'b'.repeat(64)];
const folder = await mkdtemp(join(tmpdir(), 'topgun-bridge-'));
const port = await freePort();
const server = new ServerProcess(['--bridge', '--bridge-messages-per-ip-max', '1000', '--data-dir', folder], {
  TOPGUN_JWT_SECRET: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe',
});
const accepted: string[] = [];
let faults = 0;
try {
  for (let life = 0; life < Number(kills); life++) {
    await server.start(port);
    for (let n = 0; n <= life % 5; n++) await post(`${life}.${n}`);
    await server.kill();
  }
  await server.start(port);
  const heard = await replay();
  const ids = heard.map(({ id }) => id);
  if (ids.some((id, at) => at > 0 && id <= (ids[at - 1] ?? 0))) faults++;
  if (JSON.stringify(heard.map(({ message }) => message)) !== JSON.stringify(accepted)) faults++;
} finally {
  await server.kill();
  await rm(folder, { recursive: true });
}
console.log(`${kills} kills, ${accepted.length} accepted messages, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;

async function post(message: string): Promise<void> {
  const address = `http://127.0.0.1:${port}/bridge/message?client_id=${from}&to=${to}&ttl=300`;
  const { status } = await fetch(address, { method: 'POST', body: message });
  if (status !== 200) throw new Error(`POST was answered ${status}.`);
  accepted.push(message);
}

async function replay(): Promise<{ readonly id: number; readonly message: string }[]> {
  const address = `http://127.0.0.1:${port}/bridge/events?client_id=${to}&enable_queue_done_event=true`;
  const { body } = await fetch(address);
  if (body === null) throw new Error('There is no stream.');
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    if (text.includes('queue_done')) break;
  }
  return [...text.matchAll(/id: (\d+)\ndata: (.*)\n/g)].map(([, id, data]) => ({
    id: Number(id),
    message: (JSON.parse(data ?? '') as { readonly message: string }).message,
  }));
}
