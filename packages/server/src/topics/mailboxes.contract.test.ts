import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { JoinedLinks } from '../bus/links/testing/JoinedLinks.js';
import { openBus } from '../bus/testing/BusLoad.js';
import { eventually } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSingle } from '../local/redisTopologies.js';
import { TestDatabases } from '../storage/postgres/testing/testDatabases.js';
import { LocalBus } from './LocalBus.js';
import { EmbeddedLog } from './log/EmbeddedLog.js';
import { MemoryLog } from './log/MemoryLog.js';
import { Offsets } from './log/Offsets.js';
import type { Bus, LogStore } from './ports.js';
import { describeMailboxes, type MailboxHarness } from './testing/describeMailboxes.js';

const nobody = { message: () => undefined, lost: () => undefined };

/** Mailboxes of a node that keeps them for itself; its clock is set. */
function ownLogs(
  keeps: boolean,
  open: (wallMs: () => number, life: number) => LogStore,
  dispose: () => Promise<void> = () => Promise.resolve(),
): MailboxHarness {
  let nowMs = Date.UTC(2026, 0, 1);
  let lives = 0;
  return {
    keeps,
    briefMs: 1_000,
    nowMs: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    open: async () => {
      const log = open(() => nowMs, ++lives);
      await log.open();
      const bus = new LocalBus(log);
      await bus.open(nobody);
      const close = async (): Promise<void> => {
        await bus.close();
        await log.close();
      };
      return { bus, close };
    },
    dispose,
  };
}

describeMailboxes('memory', async () =>
  ownLogs(false, (wallMs, life) => {
    const offsets = new Offsets(wallMs);
    return new MemoryLog({ epoch: `life ${life}`, offsets, wallMs, bytesMax: 1e8 });
  }),
);

describeMailboxes('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-mailboxes-'));
  return ownLogs(
    true,
    (wallMs) => new EmbeddedLog({ folder, offsets: new Offsets(wallMs), wallMs }),
    () => rm(folder, { recursive: true }),
  );
});

const databases = TestDatabases.use();

/** Mailboxes that lie in another process of this machine, whose clock is the same. */
const outOfProcess: Pick<MailboxHarness, 'keeps' | 'briefMs' | 'nowMs' | 'pass'> = {
  keeps: true,
  // What it takes to post and read three messages on a machine that does something else, too.
  briefMs: 4_000,
  nowMs: () => Date.now(),
  pass: async (ms) => {
    const end = Date.now() + ms;
    await eventually('the time has passed', () => Date.now() > end);
  },
};

describeMailboxes('a cluster without Redis', async () => {
  const joined = new JoinedLinks(databases.fresh());
  return {
    ...outOfProcess,
    open: async () => {
      const bus = joined.bus('n');
      await bus.open(nobody);
      const close = async (): Promise<void> => {
        await bus.close();
        await joined.dispose();
      };
      return { bus, close };
    },
    dispose: () => joined.dispose(),
  };
});

describe.each([
  ['one Redis', startSingle, 0],
  ['one Redis Cluster', startCluster, 0],
  ['one Redis Cluster, with a replica', startCluster, 1],
] as const)('%s', (name, start, redisReplicas) => {
  let topology: RedisTopology;
  let round = 0;
  beforeAll(async () => {
    const started = await start();
    topology = { ...started, config: { ...started.config, redisReplicas } };
  });
  afterAll(() => topology.dispose());

  describeMailboxes(name, async () => {
    // A prefix of its own is a Redis of its own.
    const prefix = `r${++round}`;
    return {
      ...outOfProcess,
      open: async () => {
        const bus: Bus = openBus(topology, 'n', prefix);
        await bus.open(nobody);
        return { bus, close: () => bus.close() };
      },
      dispose: () => Promise.resolve(),
    };
  });
});
