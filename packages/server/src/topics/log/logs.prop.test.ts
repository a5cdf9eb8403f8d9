import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestDatabases } from '../../storage/postgres/testing/testDatabases.js';
import type { LogStore, Retention } from '../ports.js';
import { EmbeddedLog } from './EmbeddedLog.js';
import { MemoryLog } from './MemoryLog.js';
import { sealMessage } from './messageCodec.js';
import { Offsets } from './Offsets.js';
import { PostgresLog } from './PostgresLog.js';

const TOPICS = ['a', 'b', 'box'] as const;
type Topic = (typeof TOPICS)[number];

const ageMs = 20_000;
const retentions: Record<Topic, Retention> = {
  a: { count: 4, ageMs, bytes: 1e6, durable: true },
  b: { count: 100, ageMs, bytes: 400, durable: true },
  box: { count: 3, ageMs, bytes: 1e6, durable: true, whenFull: 'refuse' },
};

interface Row {
  readonly id: string;
  readonly topic: Topic;
  readonly offset: number;
  readonly expiry: number;
  readonly size: number;
  isHeld: boolean;
}

/** What a log says, found by looking at every message there ever was. */
class SlowLog {
  readonly rows: Row[] = [];
  #last = 0;

  append(topic: Topic, id: string, size: number, ttlMs: number, nowMs: number): number | 'TOPIC_FULL' {
    const { count, bytes, whenFull } = retentions[topic];
    const held = (): Row[] => this.rows.filter((row) => row.topic === topic && row.isHeld);
    if (whenFull === 'refuse') {
      if (held().length >= count) for (const row of held()) if (row.expiry <= nowMs) row.isHeld = false;
      if (held().length >= count) return 'TOPIC_FULL';
    }
    this.#last = Math.max(this.#last + 1, nowMs * 2048);
    const expiry = nowMs + Math.min(ttlMs, ageMs);
    this.rows.push({ id, topic, offset: this.#last, expiry, size, isHeld: true });
    const sum = (): number => held().reduce((total, row) => total + row.size, 0);
    while (whenFull !== 'refuse' && (held().length > count || sum() > bytes)) {
      const oldest = held()[0] as Row;
      oldest.isHeld = false;
    }
    return this.#last;
  }

  read(topic: Topic, after: number | undefined, limit: number, nowMs: number): object {
    const behind = this.rows.filter((row) => row.topic === topic && row.offset > (after ?? 0));
    const ids = behind.filter((row) => row.isHeld && row.expiry > nowMs).map(({ id }) => id);
    if (after === undefined) return { ids: ids.slice(-limit), hasMore: false };
    return { ids: ids.slice(0, limit), hasMore: ids.length > limit };
  }

  sweep(nowMs: number): void {
    for (const row of this.rows) if (row.expiry <= nowMs) row.isHeld = false;
  }

  latest(topic: Topic): number {
    return this.rows.findLast((row) => row.topic === topic)?.offset ?? 0;
  }

  held(): { readonly messages: number; readonly bytes: number } {
    const held = this.rows.filter(({ isHeld }) => isHeld);
    return { messages: held.length, bytes: held.reduce((sum, { size }) => sum + size, 0) };
  }

  /** Whether all that ever came behind a place can still be read. */
  isWhole(topic: Topic, after: number, nowMs: number): boolean {
    return this.rows.every(
      (row) => row.topic !== topic || row.offset <= after || (row.isHeld && row.expiry > nowMs),
    );
  }
}

const topic = fc.constantFrom(...TOPICS);
// Waits are whole seconds and times to live end at half ones, so that a log that sweeps by the second has swept all that has expired.
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      topic,
      data: fc.nat(150).map((length) => 'x'.repeat(length)),
      ttlMs: fc.nat(30).map((seconds) => seconds * 1_000 + 500),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      topic,
      from: fc.nat(),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(12).map((n) => n * 1_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Takes the steps with a log and with the slow one, and compares all that they say. */
async function follow(
  steps: readonly Step[],
  open: (wallMs: () => number) => Promise<LogStore>,
  keeps: boolean,
): Promise<void> {
  let nowMs = 1_700_000_000_000;
  let log = await open(() => nowMs);
  const slow = new SlowLog();
  let epoch = '';
  let drawn = 0;
  for (const now of steps) {
    if (now.do === 'wait') nowMs += now.ms;
    else if (now.do === 'sweep') {
      while (await log.sweep(nowMs));
      slow.sweep(nowMs);
    } else if (now.do === 'reopen') {
      if (!keeps) continue;
      await log.close();
      log = await open(() => nowMs);
    } else if (now.do === 'append') {
      drawn++;
      const { data, ttlMs } = now;
      const expiresMs = nowMs + ttlMs;
      const draft = {
        topic: now.topic,
        id: `m${drawn}`,
        name: '',
        data,
        from: '',
        node: 'n',
        ts: nowMs,
        expiresMs,
      };
      const told = await log
        .append(draft, retentions[now.topic])
        .catch((error: { readonly code: string }) => error.code);
      const size = sealMessage(draft).length;
      expect(typeof told === 'string' ? told : told.offset).toBe(
        slow.append(now.topic, draft.id, size, ttlMs, nowMs),
      );
      if (typeof told !== 'string') epoch = told.epoch;
    } else {
      const places = [undefined, ...slow.rows.map(({ offset }) => offset)];
      const after = places[now.from % places.length];
      const position = after === undefined ? undefined : { epoch, offset: after };
      const { messages, hasMore, recovered, latest } = await log.read(now.topic, position, now.limit);
      const ids = messages.map(({ id }) => id);
      expect({ ids, hasMore }).toEqual(slow.read(now.topic, after, now.limit, nowMs));
      expect(latest.offset).toBe(slow.latest(now.topic));
      const isWhole = after === undefined || slow.isWhole(now.topic, after, nowMs);
      if (isWhole) expect(recovered).toBe(true);
      // What is missing behind the page is told with the page that comes next.
      else if (!hasMore) expect(recovered).toBe(false);
    }
    const { messages, bytes } = slow.held();
    expect(log.stats()).toMatchObject({ messages, bytes });
  }
  await log.close();
}

describe('logs against one that looks at everything', () => {
  it('[LOG-1] [LOG-5] [LOG-6] [LOG-7] [LOG-8] [LOG-9] [LOG-12] in memory', async () => {
    const open = async (wallMs: () => number): Promise<LogStore> =>
      new MemoryLog({ epoch: 'e', offsets: new Offsets(wallMs), wallMs });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => follow(steps, open, false)),
      { numRuns: 400 },
    );
  });

  it('[LOG-1] [LOG-5] [LOG-6] [LOG-7] [LOG-8] [LOG-9] [LOG-12] on the disk, over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const folder = await mkdtemp(join(tmpdir(), 'topgun-log-'));
        const open = async (wallMs: () => number): Promise<LogStore> => {
          const log = new EmbeddedLog({ folder, offsets: new Offsets(wallMs), wallMs });
          await log.open();
          return log;
        };
        await follow(steps, open, true);
        await rm(folder, { recursive: true });
      }),
      { numRuns: 40 },
    );
  });

  const databases = TestDatabases.use();
  it('[LOG-1] [LOG-5] [LOG-6] [LOG-7] [LOG-8] [LOG-9] [LOG-12] in PostgreSQL, over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const address = databases.fresh();
        const open = async (wallMs: () => number): Promise<LogStore> => {
          const log = new PostgresLog({ address, wallMs, monoMs: () => performance.now() });
          await log.open();
          return log;
        };
        await follow(steps, open, true);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  }, 60_000);
});
