import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus, Draft, Position, Retention, TopicMessage } from '../ports.js';

/** What the suite needs: the place where mailboxes lie, as one process after the other finds it. */
export interface MailboxHarness {
  /** Whether what was accepted is there for the next process. */
  readonly keeps: boolean;
  /** A bus that is open; `close` ends it and all that lies under it. */
  open(): Promise<{ readonly bus: Bus; close(): Promise<void> }>;
  /** A life that is over soon, ms: long enough to look at who has it. */
  readonly briefMs: number;
  /** ms since the epoch of Unix, by the clock that counts where mailboxes lie */
  nowMs(): number;
  /** Resolves when so much time has passed there. */
  pass(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

const BOX = `mailbox/${'a'.repeat(64)}`;
const OTHER = `mailbox/${'b'.repeat(64)}`;
const mailbox: Retention = {
  count: 100,
  ageMs: 300_000,
  bytes: 1_000_000,
  durable: true,
  whenFull: 'refuse',
};
const FROM_THE_START: Position = { epoch: '', offset: 0 };
const placeOf = ({ epoch, offset }: TopicMessage): Position => ({ epoch, offset });
const ids = (messages: readonly TopicMessage[]): string[] => messages.map(({ id }) => id);

/** What a mailbox promises, wherever it lies, as tests. */
export function describeMailboxes(name: string, factory: () => Promise<MailboxHarness>): void {
  describe(`mailboxes: ${name}`, () => {
    let harness: MailboxHarness;
    let life: Awaited<ReturnType<MailboxHarness['open']>>;
    let drawn = 0;

    beforeEach(async () => {
      drawn = 0;
      harness = await factory();
      life = await harness.open();
    });
    afterEach(async () => {
      await life.close();
      await harness.dispose();
    });

    const draft = (topic = BOX, rest: Partial<Draft> = {}): Draft => {
      drawn++;
      const data = { from: 'c'.repeat(64), message: `sealed ${drawn}`, trace_id: '' };
      const id = `m${drawn}`;
      return { topic, id, name: 'message', data, from: '', node: 'n', ts: harness.nowMs(), ...rest };
    };
    const post = (retention = mailbox, made: Draft = draft()): Promise<TopicMessage> =>
      life.bus.append(made, retention);
    const held = async (topic = BOX): Promise<string[]> =>
      ids((await life.bus.read(topic, FROM_THE_START, 1_000)).messages);

    it('[MBX-3] [S000-13] [S000-15] ids rise, are exact numbers, and tell the time', async () => {
      const accepted: TopicMessage[] = [];
      for (let i = 0; i < 20; i++) accepted.push(await post());
      accepted.push(...(await Promise.all(Array.from({ length: 60 }, () => post()))));
      const offsets = accepted.map(({ offset }) => offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect(offsets.every(Number.isSafeInteger)).toBe(true);
      for (const { offset } of accepted)
        expect(Math.abs(Number(BigInt(offset) >> 11n) - harness.nowMs())).toBeLessThan(5_000);
      expect(new Set(accepted.map(({ epoch }) => epoch)).size).toBe(1);
    });

    it('[MBX-4] what was accepted is read as it was posted, from any place on, page by page', async () => {
      const all: TopicMessage[] = [];
      for (const message of ['', 'ä€😀', 'x'.repeat(70_000), '4', '5'])
        all.push(await post(mailbox, draft(BOX, { data: { message } })));
      await post(mailbox, draft(OTHER));
      expect((await life.bus.read(BOX, FROM_THE_START, 100)).messages).toEqual(all);
      const page = await life.bus.read(BOX, placeOf(all[0] as TopicMessage), 2);
      expect(page).toMatchObject({ messages: all.slice(1, 3), hasMore: true, recovered: true });
      const rest = await life.bus.read(BOX, placeOf(all[2] as TopicMessage), 9);
      expect(rest).toMatchObject({ messages: all.slice(3), hasMore: false, recovered: true });
      expect(rest.latest).toEqual(placeOf(all[4] as TopicMessage));
      expect((await life.bus.read(BOX, rest.latest, 9)).messages).toEqual([]);
      // Reading takes nothing away.
      expect((await life.bus.read(BOX, FROM_THE_START, 100)).messages).toEqual(all);
    });

    it('[MBX-5] [S000-5] a message whose time is over is not read, and the others stay', async () => {
      await post(mailbox, draft(BOX, { expiresMs: harness.nowMs() + 60_000 }));
      const short = await post(mailbox, draft(BOX, { expiresMs: harness.nowMs() + harness.briefMs }));
      await post({ ...mailbox, ageMs: 90_000 });
      expect(await held()).toEqual(['m1', 'm2', 'm3']);
      await harness.pass(harness.briefMs + 1);
      expect(await held()).toEqual(['m1', 'm3']);
      const after = await life.bus.read(BOX, placeOf(short), 9);
      expect(ids(after.messages)).toEqual(['m3']);
    });

    it('[MBX-6] [S000-14] one that is full refuses the next and keeps what it has', async () => {
      const two = { ...mailbox, count: 2 };
      await post(two);
      await post(two);
      await expect(post(two)).rejects.toMatchObject({ code: 'TOPIC_FULL', retriable: true });
      expect(await held()).toEqual(['m1', 'm2']);
      await post(two, draft(OTHER));
      const narrow = { ...mailbox, bytes: 4_000 };
      const data = { message: 'x'.repeat(1_500) };
      await post(narrow, draft('mailbox/wide', { data }));
      await post(narrow, draft('mailbox/wide', { data }));
      await expect(post(narrow, draft('mailbox/wide', { data }))).rejects.toMatchObject({
        code: 'TOPIC_FULL_BYTES',
      });
      expect(await held('mailbox/wide')).toEqual(['m5', 'm6']);
    });

    it('[MBX-6] and takes more when the time of the oldest is over', async () => {
      const two = { ...mailbox, count: 2, ageMs: harness.briefMs };
      await post(two);
      await post(two);
      await expect(post(two)).rejects.toMatchObject({ code: 'TOPIC_FULL' });
      await harness.pass(harness.briefMs + 1);
      await post(two);
      expect(await held()).toEqual(['m4']);
    });

    it('[MBX-7] what is posted twice under one id is one message', async () => {
      const once = draft();
      const first = await post(mailbox, once);
      await post();
      expect(placeOf(await post(mailbox, once))).toEqual(placeOf(first));
      expect(await held()).toEqual(['m1', 'm2']);
    });

    it('[MBX-8] [S000-3] the next process finds what was accepted, and ids go on above it', async () => {
      const accepted: TopicMessage[] = [];
      for (let i = 0; i < 5; i++) accepted.push(await post());
      await life.close();
      life = await harness.open();
      const next = await post();
      if (!harness.keeps) return expect(next.epoch).not.toBe(accepted[0]?.epoch);
      expect(next.epoch).toBe(accepted[0]?.epoch);
      expect(next.offset).toBeGreaterThan(accepted.at(-1)?.offset ?? 0);
      const { messages, recovered } = await life.bus.read(BOX, placeOf(accepted[1] as TopicMessage), 99);
      expect([messages, recovered]).toEqual([[...accepted.slice(2), next], true]);
    });

    it('[MBX-10] [S000-11] who reads while many post misses nothing behind what it has read', async () => {
      let after: Position = (await life.bus.read(BOX, undefined, 0)).latest;
      let posted = 0;
      const posting = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (posted < 400) {
            posted++;
            await post({ ...mailbox, count: 1_000 });
          }
        }),
      );
      const seen: TopicMessage[] = [];
      const readOn = async (): Promise<void> => {
        // The disk has its turn, too.
        await new Promise((resolve) => setImmediate(resolve));
        const { messages } = await life.bus.read(BOX, after, 7);
        seen.push(...messages);
        const last = messages.at(-1);
        if (last !== undefined) after = placeOf(last);
      };
      while (posted < 400) await readOn();
      await posting;
      while (seen.length < posted) await readOn();
      const all = await life.bus.read(BOX, FROM_THE_START, 1_000);
      expect(ids(seen)).toEqual(ids(all.messages));
      expect(new Set(ids(seen)).size).toBe(posted);
    });
  });
}
