import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EmbeddedLog } from '@topgun/server/internal/topics/log/EmbeddedLog';
import { Offsets } from '@topgun/server/internal/topics/log/Offsets';
import type { Position, Retention } from '@topgun/server/internal/topics/ports';

export const TOPICS: readonly string[] = ['chat/1', 'chat/2', 'mailbox/a', 'mailbox/b', 'mailbox/c'];

/** Keeps everything, and of mailboxes may drop nothing. */
export function plenty(topic: string): Retention {
  const retention = { count: 1e9, bytes: 1e12, ageMs: 1e9, durable: true };
  return topic.startsWith('mailbox/') ? { ...retention, whenFull: 'refuse' } : retention;
}

/** A message that was accepted, as the process told it. */
export interface Accepted {
  readonly topic: string;
  readonly offset: number;
  readonly id: string;
}

const child = fileURLToPath(new URL('./appendForever.js', import.meta.url));

/** Runs a process that appends until it has told of `count` messages, and kills it; all that it told of. */
export async function appendAndKill(folder: string, life: number, count: number): Promise<Accepted[]> {
  const running = spawn(process.execPath, [child, folder, `l${life}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(running, 'exit');
  const accepted: Accepted[] = [];
  for await (const line of createInterface({ input: running.stdout })) {
    const [topic = '', offset, id] = line.split(' ');
    // The kill may cut the last line.
    if (id === undefined || id.split('-').length < 3) continue;
    accepted.push({ topic, offset: Number(offset), id });
    if (accepted.length === count) running.kill('SIGKILL');
  }
  await gone;
  if (accepted.length < count)
    throw new Error(`The process ended by itself after ${accepted.length} messages.`);
  return accepted;
}

/** Everything that the log in a folder holds, and the place that it would give next. */
export async function readLog(
  folder: string,
): Promise<{ readonly ids: ReadonlyMap<number, string>; readonly next: number }> {
  const wallMs = (): number => 0;
  const offsets = new Offsets(wallMs);
  const log = new EmbeddedLog({ folder, offsets, wallMs });
  await log.open();
  const ids = new Map<number, string>();
  for (const topic of TOPICS) {
    // Of no log: everything is behind it.
    let after: Position = { epoch: '', offset: 0 };
    for (let hasMore = true; hasMore; ) {
      const page = await log.read(topic, after, 1_000);
      for (const { offset, id } of page.messages) ids.set(offset, `${topic} ${id}`);
      const { epoch, offset } = page.messages.at(-1) ?? page.latest;
      after = { epoch, offset };
      hasMore = page.hasMore;
    }
  }
  await log.close();
  return { ids, next: offsets.next() };
}
