import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lmdbFault } from '../../storage/embedded/testing/lmdbFault.js';
import type { Draft, Retention, TopicMessage } from '../ports.js';
import { createTopicLog } from './createTopicLog.js';
import { EmbeddedLog, type EmbeddedLogOptions } from './EmbeddedLog.js';
import { LogFiles } from './LogFiles.js';
import { Offsets } from './Offsets.js';

const plenty: Retention = { count: 1_000, ageMs: 86_400_000, bytes: 1e9, durable: true };
const wallMs = (): number => 1_700_000_000_000;

describe('EmbeddedLog', () => {
  let root: string;
  let folder: string;
  const logs: EmbeddedLog[] = [];
  const stopped: TopGunError[] = [];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'topgun-log-'));
    folder = join(root, 'topics');
    stopped.length = 0;
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
    await rm(root, { recursive: true });
  });

  const made = (options: Partial<EmbeddedLogOptions> = {}): EmbeddedLog => {
    const onStopped = (error: TopGunError): number => stopped.push(error);
    const log = new EmbeddedLog({ folder, offsets: new Offsets(wallMs), wallMs, onStopped, ...options });
    logs.push(log);
    return log;
  };
  const opened = async (options?: Partial<EmbeddedLogOptions>): Promise<EmbeddedLog> => {
    const log = made(options);
    await log.open();
    return log;
  };
  const draft = (id: string, topic = 't', data: unknown = 'x'): Draft => {
    return { topic, id, name: '', data, from: 'ann', node: 'n1', ts: wallMs() };
  };
  const ids = async (log: EmbeddedLog, topic = 't'): Promise<string[]> =>
    (await log.read(topic, undefined, 1_000)).messages.map(({ id }) => id);

  it('[LOG-14] [S000-14] a message is accepted, and read, only when the disk has it', async () => {
    const log = await opened();
    let flush = (): void => undefined;
    const flushed = new Promise<void>((resolve) => {
      flush = resolve;
    });
    const { write } = LogFiles.prototype;
    vi.spyOn(LogFiles.prototype, 'write').mockImplementationOnce(async function (this: LogFiles, rows) {
      await flushed;
      return write.call(this, rows);
    });
    let isAccepted = false;
    const accepted = log.append(draft('a'), plenty).then(() => {
      isAccepted = true;
    });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isAccepted).toBe(false);
    expect(await ids(log)).toEqual([]);
    flush();
    await accepted;
    expect(await ids(log)).toEqual(['a']);
  });

  it('[LOG-14] what waits goes to the disk together, in bounded flushes', async () => {
    const log = await opened();
    const write = vi.spyOn(LogFiles.prototype, 'write');
    await Promise.all(
      Array.from({ length: LIMITS.topicFlush + 1 }, (_, i) => log.append(draft(`m${i}`), plenty)),
    );
    expect(write.mock.calls.map(([rows]) => rows.added.length)).toEqual([LIMITS.topicFlush, 1]);
    write.mockClear();
    const large = 'x'.repeat(LIMITS.topicFlushBytes / 2);
    await Promise.all(['a', 'b', 'c'].map((id) => log.append(draft(id, 'large', large), plenty)));
    expect(write.mock.calls.map(([rows]) => rows.added.length)).toEqual([2, 1]);
  });

  it('[LOG-14] no more waits for the disk than the limit', async () => {
    const log = await opened();
    const large = 'x'.repeat(LIMITS.topicWaitingBytes / 4);
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e'].map((id) => log.append(draft(id, 't', large), plenty)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(results[3]).toMatchObject({ reason: { code: 'TOPIC_FULL_BYTES' } });
    await log.append(draft('f'), plenty);
  });

  it('[LOG-15] without room a flush is refused whole, and the next one goes through', async () => {
    const log = await opened();
    await log.append(draft('a'), plenty);
    vi.spyOn(LogFiles.prototype, 'write').mockRejectedValueOnce(lmdbFault(28));
    const before = log.stats();
    const results = await Promise.allSettled([
      log.append(draft('b'), plenty),
      log.append(draft('c'), plenty),
    ]);
    expect(results).toMatchObject([
      { reason: { code: 'STORE_UNAVAILABLE', retriable: true } },
      { reason: { code: 'STORE_UNAVAILABLE' } },
    ]);
    expect(log.stats()).toEqual(before);
    await log.append(draft('d'), plenty);
    expect(await ids(log)).toEqual(['a', 'd']);
    expect(stopped).toEqual([]);
  });

  it('[LOG-15] after any other fault the log has stopped for good', async () => {
    const log = await opened();
    vi.spyOn(LogFiles.prototype, 'write').mockRejectedValueOnce(lmdbFault(5));
    const both = await Promise.allSettled([log.append(draft('a'), plenty), log.sweep(wallMs())]);
    expect(both[0]).toMatchObject({ reason: { code: 'STORE_STOPPED' } });
    await expect(log.append(draft('b'), plenty)).rejects.toMatchObject({ code: 'STORE_STOPPED' });
    await expect(log.read('t', undefined, 1)).rejects.toMatchObject({ code: 'STORE_STOPPED' });
    expect(await log.sweep(wallMs())).toBe(false);
    expect(stopped).toMatchObject([{ code: 'STORE_STOPPED' }]);
  });

  it('[LOG-16] a second opener is refused', async () => {
    await opened();
    await expect(made().open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('[LOG-16] a damaged file does not open, a damaged message is not served', async () => {
    const log = await opened();
    await log.append(draft('a', 't', 'recognizable'.repeat(30)), plenty);
    await log.close();
    const file = join(folder, 'data.mdb');
    const bytes = await readFile(file);
    const at = bytes.indexOf('recognizable');
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] as number) ^ 1;
    await writeFile(file, bytes);
    const damaged = await opened();
    await expect(damaged.read('t', undefined, 1)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('topic t'),
    });
    await damaged.close();
    await writeFile(file, bytes.subarray(0, bytes.length / 2));
    await expect(made().open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('[LOG-16] another format is refused', async () => {
    const log = await opened();
    await log.close();
    const files = new LogFiles(folder);
    await files.putMeta(new Map([['.format', 99]]));
    await files.close();
    await expect(made().open()).rejects.toMatchObject({ code: 'STORE_VERSION' });
  });

  it('[LOG-17] a copied folder begins a new epoch and keeps its messages', async () => {
    const log = await opened();
    const { epoch, offset } = await log.append(draft('a'), plenty);
    await log.close();
    const copy = join(root, 'copy');
    await cp(folder, copy, { recursive: true });
    const copied = await opened({ folder: copy });
    const history = await copied.read('t', { epoch, offset }, 9);
    expect(history).toMatchObject({ recovered: false, messages: [{ id: 'a' }] });
    expect(history.latest.epoch).not.toBe(epoch);
    expect((await copied.append(draft('b'), plenty)).offset).toBeGreaterThan(offset);
    const original = await opened();
    expect((await original.read('t', { epoch, offset }, 9)).recovered).toBe(true);
  });

  it('[LOG-18] closing waits for what was begun, and refuses what comes later', async () => {
    const log = await opened();
    const begun = Array.from({ length: LIMITS.topicFlush + 5 }, (_, i) => log.append(draft(`m${i}`), plenty));
    const closing = log.close();
    await expect(log.append(draft('late'), plenty)).rejects.toMatchObject({ code: 'SERVER_STATE' });
    expect(await Promise.all(begun)).toHaveLength(LIMITS.topicFlush + 5);
    await closing;
    await expect(log.read('t', undefined, 1)).rejects.toMatchObject({ code: 'SERVER_STATE' });
  });

  it('[LOG-19] topics lie on the disk or in memory as they are asked to, their offsets rise together', async () => {
    const parts = {
      dataDir: root,
      isDurable: (topic: string) => topic.startsWith('box/'),
      wallMs,
      onStopped: () => {},
    };
    const offsets: number[] = [];
    const put = async (
      log: ReturnType<typeof createTopicLog>,
      id: string,
      topic: string,
    ): Promise<TopicMessage> => {
      const message = await log.append(draft(id, topic), plenty);
      offsets.push(message.offset);
      return message;
    };
    const first = createTopicLog({ ...parts, storage: 'embedded' });
    await first.open();
    await put(first, 'a', 'box/1');
    await put(first, 'b', 'chat');
    const c = await put(first, 'c', 'box/1');
    await put(first, 'd', 'chat');
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(first.stats()).toMatchObject({ topics: 2, messages: 4 });
    await first.close();
    const second = createTopicLog({ ...parts, storage: 'embedded' });
    await second.open();
    expect((await second.read('box/1', c, 9)).recovered).toBe(true);
    expect((await second.read('box/1', undefined, 9)).messages.map(({ id }) => id)).toEqual(['a', 'c']);
    expect((await second.read('chat', undefined, 9)).messages).toEqual([]);
    await second.close();
    const memory = createTopicLog({ ...parts, storage: 'memory' });
    await memory.open();
    await put(memory, 'e', 'box/1');
    expect((await memory.read('box/1', undefined, 9)).messages.map(({ id }) => id)).toEqual(['e']);
    await memory.close();
  });
});
