import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Draft, LogStore, Position, Retention, TopicMessage } from '../ports.js';
import { msOfOffset } from './Offsets.js';

/** What the suite needs of a log: a clock to set, and the means to end the process around it. */
export interface LogHarness {
  /** of the clock that the log was given, ms since the epoch of Unix */
  nowMs: number;
  /** whether messages survive `reopen` */
  readonly keeps: boolean;
  /** the limit of all messages together that the log was given */
  readonly bytesMax: number;
  /** The log as the next process finds it; the suite closes one before it opens the next. */
  open(): Promise<LogStore>;
  dispose(): Promise<void>;
}

const START_MS = Date.UTC(2026, 0, 1);
const plenty: Retention = { count: 1_000_000, ageMs: 86_400_000, bytes: 1e9, durable: true };
const mailbox: Retention = { ...plenty, whenFull: 'refuse' };
const ids = (messages: readonly TopicMessage[]): string[] => messages.map(({ id }) => id);
const filler = 'x'.repeat(100);
/** Of no log: everything is behind it. */
const before: Position = { epoch: '', offset: 0 };

/** The contract of `LogStore`, as tests. */
export function describeLogStore(name: string, factory: () => Promise<LogHarness>): void {
  describe(`LogStore contract: ${name}`, () => {
    let harness: LogHarness;
    let log: LogStore;
    let drawn = 0;

    beforeEach(async () => {
      drawn = 0;
      harness = await factory();
      harness.nowMs = START_MS;
      log = await harness.open();
    });
    afterEach(async () => {
      await log.close();
      await harness.dispose();
    });

    const reopen = async (): Promise<void> => {
      await log.close();
      log = await harness.open();
    };
    const draft = (topic: string, rest: Partial<Draft> = {}): Draft => {
      drawn++;
      const ts = harness.nowMs;
      return { topic, id: `m${drawn}`, name: '', data: filler, from: 'ann', node: 'n1', ts, ...rest };
    };
    const put = (topic: string, retention = plenty, rest: Partial<Draft> = {}): Promise<TopicMessage> =>
      log.append(draft(topic, rest), retention);
    const positionOf = ({ epoch, offset }: TopicMessage): Position => ({ epoch, offset });
    const held = async (topic: string): Promise<string[]> =>
      ids((await log.read(topic, undefined, 1_000)).messages);
    const sweepAll = async (): Promise<void> => {
      while (await log.sweep(harness.nowMs));
    };

    it('[LOG-1] [S000-15] an offset is the time times 2,048, and tells it', async () => {
      const { offset } = await put('t');
      expect(offset).toBe(START_MS * 2048);
      expect(msOfOffset(offset)).toBe(START_MS);
      expect(BigInt(offset) >> 11n).toBe(BigInt(START_MS));
    });

    it('[LOG-1] [S000-16] offsets are exact in the year 2100', async () => {
      harness.nowMs = Date.UTC(2100, 0, 1);
      const offsets = [(await put('t')).offset, (await put('t')).offset];
      expect(offsets.map(BigInt)).toEqual([
        BigInt(harness.nowMs) * 2048n,
        BigInt(harness.nowMs) * 2048n + 1n,
      ]);
      expect(offsets.every(Number.isSafeInteger)).toBe(true);
    });

    it('[LOG-1] [S000-13] offsets rise over all topics in the order of acceptance', async () => {
      const offsets: number[] = [];
      for (let i = 0; i < 50; i++) {
        harness.nowMs += i % 3;
        offsets.push((await put(`t${i % 7}`)).offset);
      }
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    });

    it('[LOG-2] [S000-17] 3,000 messages of one ms never collide, and spill into the next', async () => {
      const messages = await Promise.all(Array.from({ length: 3_000 }, (_, i) => put(`t${i % 5}`)));
      const offsets = messages.map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: 3_000 }, (_, i) => START_MS * 2048 + i));
      expect(msOfOffset(offsets[2_999] as number)).toBe(START_MS + 1);
      harness.nowMs += 1;
      expect((await put('t')).offset).toBe(START_MS * 2048 + 3_000);
      harness.nowMs += 1;
      expect((await put('t')).offset).toBe((START_MS + 2) * 2048);
    });

    it('[LOG-2] [S000-13] offsets never go back with the clock, nor over a restart', async () => {
      const { offset, epoch } = await put('t');
      harness.nowMs -= 60_000;
      expect((await put('t')).offset).toBe(offset + 1);
      await reopen();
      const next = await put('t');
      if (harness.keeps) expect(next.offset).toBe(offset + 2);
      else expect(next.epoch).not.toBe(epoch);
    });

    it('[LOG-3] appends resolve in the order in which they were begun', async () => {
      const done: string[] = [];
      await Promise.all(
        Array.from({ length: 200 }, (_, i) => put(`t${i % 3}`).then(({ id }) => done.push(id))),
      );
      expect(done).toEqual(Array.from({ length: 200 }, (_, i) => `m${i + 1}`));
    });

    it('[LOG-4] a message is read as it was appended, whatever its data', async () => {
      const all: TopicMessage[] = [];
      const values = [
        null,
        0,
        '',
        'ä€😀',
        [1, { a: [] }],
        { at: new Date(5), big: 2n ** 60n, raw: new Uint8Array([1, 2]) },
      ];
      for (const data of values) all.push(await put('t', plenty, { data, name: 'n', from: '' }));
      all.push(await put('t', plenty, { expiresMs: harness.nowMs + 5_000 }));
      await put('u');
      expect((await log.read('t', undefined, 100)).messages).toEqual(all);
      if (!harness.keeps) return;
      await reopen();
      expect((await log.read('t', undefined, 100)).messages).toEqual(all);
    });

    it('[LOG-4] reading goes on behind a position, page by page', async () => {
      const first = await put('t');
      for (let i = 0; i < 9; i++) await put('t');
      await put('u');
      const page = await log.read('t', positionOf(first), 4);
      expect(ids(page.messages)).toEqual(['m2', 'm3', 'm4', 'm5']);
      expect(page).toMatchObject({ hasMore: true, recovered: true });
      const rest = await log.read('t', positionOf(page.messages[3] as TopicMessage), 5);
      expect(ids(rest.messages)).toEqual(['m6', 'm7', 'm8', 'm9', 'm10']);
      expect(rest).toMatchObject({ hasMore: false, recovered: true });
      expect((await log.read('t', rest.latest, 5)).messages).toEqual([]);
    });

    it('[LOG-4] no reading gives more than a page, by count and by bytes', async () => {
      await Promise.all(Array.from({ length: LIMITS.topicPage + 1 }, () => put('t')));
      const page = await log.read('t', before, 1e9);
      expect(page.messages).toHaveLength(LIMITS.topicPage);
      expect(page.hasMore).toBe(true);
      expect((await log.read('t', undefined, 1e9)).messages).toHaveLength(LIMITS.topicPage);
      for (let i = 0; i < 6; i++) await put('large', plenty, { data: 'x'.repeat(1024 * 1024) });
      const large = await log.read('large', before, 100);
      expect(ids(large.messages)).toEqual(['m1002', 'm1003', 'm1004', 'm1005']);
      expect(large.hasMore).toBe(true);
      expect(ids((await log.read('large', undefined, 100)).messages)).toEqual([
        'm1004',
        'm1005',
        'm1006',
        'm1007',
      ]);
    });

    it('[LOG-4] without a position the last messages are read', async () => {
      for (let i = 0; i < 5; i++) await put('t');
      await put('u');
      const last = await log.read('t', undefined, 2);
      expect(ids(last.messages)).toEqual(['m4', 'm5']);
      expect(last).toMatchObject({ hasMore: false, recovered: true });
      expect(await log.read('t', undefined, 0)).toEqual({ ...last, messages: [] });
      expect(ids((await log.read('t', undefined, 9)).messages)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    });

    it('[LOG-5] an ordinary topic drops its oldest beyond the count', async () => {
      const few = { ...plenty, count: 3 };
      for (let i = 0; i < 5; i++) await put('t', few);
      await put('u', few);
      expect(await held('t')).toEqual(['m3', 'm4', 'm5']);
      expect(await held('u')).toEqual(['m6']);
      await Promise.all(Array.from({ length: 10 }, () => put('t', few)));
      expect(await held('t')).toEqual(['m14', 'm15', 'm16']);
      await put('t', { ...plenty, count: 1 });
      expect(await held('t')).toEqual(['m17']);
      expect(log.stats()).toMatchObject({ topics: 2, messages: 2 });
    });

    it('[LOG-5] an ordinary topic drops its oldest beyond the bytes', async () => {
      const small = { ...plenty, bytes: 500 };
      for (let i = 0; i < 20; i++) await put('t', small);
      const { messages, bytes } = log.stats();
      expect(messages).toBeGreaterThan(1);
      expect(bytes).toBeLessThanOrEqual(500);
      expect(bytes).toBeGreaterThan(300);
      await put('t', small, { data: 'x'.repeat(501) });
      expect(await held('t')).toEqual([]);
      expect(log.stats()).toMatchObject({ messages: 0, bytes: 0 });
    });

    it('[LOG-6] a mailbox refuses what it cannot hold, and keeps what it has', async () => {
      const few = { ...mailbox, count: 2 };
      await put('box', few);
      await put('box', few);
      const counts = log.stats();
      await expect(put('box', few)).rejects.toMatchObject({ code: 'TOPIC_FULL', retriable: true });
      expect(log.stats()).toEqual(counts);
      expect(await held('box')).toEqual(['m1', 'm2']);
      const results = await Promise.allSettled(
        Array.from({ length: 5 }, () => put('box', { ...mailbox, count: 4 })),
      );
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'rejected',
        'rejected',
      ]);
      expect(await held('box')).toEqual(['m1', 'm2', 'm4', 'm5']);
      await expect(put('wide', { ...mailbox, bytes: 50 })).rejects.toMatchObject({
        code: 'TOPIC_FULL_BYTES',
      });
      expect(await held('wide')).toEqual([]);
    });

    it('[LOG-6] what has expired makes room in a mailbox, swept or not', async () => {
      const few = { ...mailbox, count: 2 };
      await put('box', few, { expiresMs: harness.nowMs + 10_000 });
      await put('box', few, { expiresMs: harness.nowMs + 1_000 });
      harness.nowMs += 1_000;
      await put('box', few);
      expect(await held('box')).toEqual(['m1', 'm3']);
      await expect(put('box', few)).rejects.toMatchObject({ code: 'TOPIC_FULL' });
      expect(log.stats()).toMatchObject({ messages: 2, expired: 1 });
    });

    it('[LOG-7] [S000-5] what has expired is never read', async () => {
      await put('t', plenty, { expiresMs: harness.nowMs + 1_000 });
      await put('t', { ...plenty, ageMs: 2_000 }, { expiresMs: harness.nowMs + 9_000 });
      await put('t', plenty);
      harness.nowMs += 999;
      expect(await held('t')).toEqual(['m1', 'm2', 'm3']);
      harness.nowMs += 1;
      expect(await held('t')).toEqual(['m2', 'm3']);
      harness.nowMs += 1_000;
      expect(await held('t')).toEqual(['m3']);
      harness.nowMs += 86_400_000;
      expect(await held('t')).toEqual([]);
    });

    it('[LOG-8] a position from before what was dropped is not recovered', async () => {
      const few = { ...plenty, count: 2 };
      const messages: TopicMessage[] = [];
      for (let i = 0; i < 5; i++) messages.push(await put('t', few));
      const recovered = [];
      for (const message of messages) {
        const history = await log.read('t', positionOf(message), 10);
        recovered.push([history.recovered, ids(history.messages)]);
      }
      expect(recovered).toEqual([
        [false, ['m4', 'm5']],
        [false, ['m4', 'm5']],
        [true, ['m4', 'm5']],
        [true, ['m5']],
        [true, []],
      ]);
    });

    it('[LOG-8] a position from before what has expired is not recovered, swept or not', async () => {
      const first = await put('t');
      const second = await put('t', plenty, { expiresMs: harness.nowMs + 1_000 });
      const third = await put('t');
      harness.nowMs += 2_000;
      for (const isSwept of [false, true]) {
        if (isSwept) await sweepAll();
        expect((await log.read('t', positionOf(first), 10)).recovered).toBe(false);
        expect((await log.read('t', positionOf(second), 10)).recovered).toBe(true);
        expect((await log.read('t', positionOf(third), 10)).recovered).toBe(true);
        expect((await log.read('t', undefined, 10)).recovered).toBe(true);
      }
    });

    it('[LOG-8] a position of another epoch, or from beyond all, is not recovered', async () => {
      const { epoch, offset } = await put('t');
      const other = await log.read('t', { epoch: 'other', offset }, 10);
      expect(other.recovered).toBe(false);
      expect(ids(other.messages)).toEqual(['m1']);
      const beyond = await log.read('t', { epoch, offset: offset + 1 }, 10);
      expect(beyond).toMatchObject({ recovered: false, messages: [] });
    });

    it('[LOG-9] latest names the last message, held or not', async () => {
      expect((await log.read('t', undefined, 1)).latest.offset).toBe(0);
      const { latest: empty } = await log.read('t', undefined, 1);
      await put('u');
      const last = await put('t', plenty, { expiresMs: harness.nowMs + 1 });
      expect((await log.read('t', undefined, 1)).latest).toEqual(positionOf(last));
      expect(await log.read('t', empty, 9)).toMatchObject({ recovered: true, messages: [{ id: 'm2' }] });
      harness.nowMs += 5_000;
      await sweepAll();
      expect((await log.read('t', undefined, 1)).latest).toEqual(positionOf(last));
    });

    it('[LOG-10] [S000-5] sweeping takes out what has expired, in bounded steps', async () => {
      const count = LIMITS.topicSweep * 2 + 10;
      await Promise.all(
        Array.from({ length: count }, (_, i) =>
          put(`t${i % 30}`, plenty, { expiresMs: harness.nowMs + 1_000 }),
        ),
      );
      await put('t', plenty);
      expect(await log.sweep(harness.nowMs)).toBe(false);
      harness.nowMs += 2_000;
      let steps = 1;
      while (await log.sweep(harness.nowMs)) steps++;
      expect(steps).toBeGreaterThan(1);
      expect(log.stats()).toMatchObject({ messages: 1, expired: count });
      expect(await held('t')).toEqual([`m${count + 1}`]);
    });

    it('[LOG-10] a topic of which nothing is left is forgotten, and says so', async () => {
      const first = await put('t', plenty, { expiresMs: harness.nowMs + 1 });
      const last = await put('t', plenty, { expiresMs: harness.nowMs + 1 });
      for (let hours = 0; hours < 4; hours++) {
        harness.nowMs += LIMITS.topicForgetMs;
        await sweepAll();
      }
      expect(log.stats()).toMatchObject({ topics: 0, messages: 0, bytes: 0 });
      expect(await log.read('t', positionOf(first), 9)).toMatchObject({ recovered: false, messages: [] });
      expect((await log.read('t', positionOf(last), 9)).recovered).toBe(true);
      const { latest } = await log.read('t', undefined, 9);
      await put('t');
      expect(await log.read('t', latest, 9)).toMatchObject({ recovered: true, messages: [{ id: 'm3' }] });
      expect((await log.read('t', positionOf(first), 9)).recovered).toBe(false);
    });

    it('[LOG-10] a topic in use, or emptied a moment ago, is not forgotten', async () => {
      await put('busy', { ...plenty, ageMs: 1_000_000_000 });
      const last = await put('t', plenty, { expiresMs: harness.nowMs + LIMITS.topicForgetMs });
      harness.nowMs += LIMITS.topicForgetMs / 2;
      await sweepAll();
      harness.nowMs += LIMITS.topicForgetMs / 2 + 1_000;
      await sweepAll();
      expect((await log.read('t', undefined, 1)).latest).toEqual(positionOf(last));
      for (let hours = 0; hours < 4; hours++) {
        harness.nowMs += LIMITS.topicForgetMs;
        await sweepAll();
      }
      expect(log.stats()).toMatchObject({ topics: 1, messages: 1 });
    });

    it('[LOG-11] all topics together hold no more than the limit', async () => {
      const data = 'x'.repeat(harness.bytesMax / 4);
      for (let i = 0; i < 3; i++) await put(`t${i}`, plenty, { data });
      await expect(put('t3', plenty, { data })).rejects.toMatchObject({ code: 'TOPIC_FULL_BYTES' });
      await expect(put('box', mailbox, { data })).rejects.toMatchObject({ code: 'TOPIC_FULL_BYTES' });
      await put('t3');
      harness.nowMs += 90_000_000;
      await sweepAll();
      await put('t3', plenty, { data });
      expect(log.stats().messages).toBe(1);
    });

    it('[LOG-12] the counts are those of what is held, also after a restart', async () => {
      for (let i = 0; i < 20; i++)
        await put(
          `t${i % 4}`,
          { ...plenty, count: 3 },
          { expiresMs: harness.nowMs + (i % 2 === 0 ? 1_000 : 90_000) },
        );
      harness.nowMs += 5_000;
      await sweepAll();
      let messages = 0;
      for (let i = 0; i < 4; i++) messages += (await held(`t${i}`)).length;
      expect(messages).toBe(6);
      const counts = log.stats();
      expect(counts).toMatchObject({ topics: 4, messages, expired: 6 });
      await reopen();
      expect(log.stats()).toEqual(
        harness.keeps ? { ...counts, expired: 0 } : { topics: 0, messages: 0, bytes: 0, expired: 0 },
      );
    });

    it('[LOG-13] the epoch is another one when history is gone, and only then', async () => {
      const first = await put('t');
      await reopen();
      const second = await put('t');
      expect(second.epoch === first.epoch).toBe(harness.keeps);
      const history = await log.read('t', positionOf(first), 10);
      expect(history.recovered).toBe(harness.keeps);
      expect(ids(history.messages)).toEqual(['m2']);
    });
  });
}
