import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestDatabases } from '../../storage/postgres/testing/testDatabases.js';
import { describeLogStore, type LogHarness } from './describeLogStore.js';
import { EmbeddedLog } from './EmbeddedLog.js';
import { MemoryLog } from './MemoryLog.js';
import { Offsets } from './Offsets.js';
import { PostgresLog } from './PostgresLog.js';

const bytesMax = 16 * 1024 * 1024;

describeLogStore('memory', async () => {
  let lives = 0;
  const harness: LogHarness = {
    nowMs: 0,
    keeps: false,
    bytesMax,
    open: async () => {
      const wallMs = (): number => harness.nowMs;
      lives++;
      return new MemoryLog({ epoch: `life ${lives}`, offsets: new Offsets(wallMs), wallMs, bytesMax });
    },
    dispose: async () => {},
  };
  return harness;
});

describeLogStore('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-log-'));
  const harness: LogHarness = {
    nowMs: 0,
    keeps: true,
    bytesMax,
    open: async () => {
      const wallMs = (): number => harness.nowMs;
      const log = new EmbeddedLog({ folder, offsets: new Offsets(wallMs), wallMs, bytesMax });
      await log.open();
      return log;
    },
    dispose: () => rm(folder, { recursive: true }),
  };
  return harness;
});

const databases = TestDatabases.use();

describeLogStore('postgres', async () => {
  const address = databases.fresh();
  const harness: LogHarness = {
    nowMs: 0,
    keeps: true,
    bytesMax,
    open: async () => {
      const wallMs = (): number => harness.nowMs;
      const log = new PostgresLog({ address, wallMs, bytesMax, monoMs: () => performance.now() });
      await log.open();
      return log;
    },
    dispose: async () => {},
  };
  return harness;
});
