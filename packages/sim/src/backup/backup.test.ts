import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore, ServerCoordinator } from '@topgun/server';
import { expect, it } from 'vitest';
import { freePort } from '../crash/harness.js';
import { rehearse } from './rehearse.js';

// The small form of `npm run test:backup`: the server in this process, and stopped instead of killed.
it('[BAK-1] [BAK-8] [BAK-9] a backup under load is restored as it stood at its point, and heals from connected clients', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-rehearsal-'));
  const port = await freePort();
  let store: EmbeddedStore | undefined;
  let server: ServerCoordinator | undefined;
  try {
    const told = await rehearse(
      {
        url: `ws://127.0.0.1:${port}`,
        token: undefined,
        start: async (dataDir) => {
          store = new EmbeddedStore({ folder: dataDir, compactLogBytes: 20_000 });
          server = new ServerCoordinator({ port, dev: true, logLevel: 'silent', drainMs: 0 }, { store });
          await server.start();
        },
        end: async () => server?.shutdown(),
        backup: (to) => (store as EmbeddedStore).backup(to, new Date()),
      },
      folder,
      150,
    );
    expect(told.faults).toEqual([]);
    expect(told.inBackup).toBeGreaterThanOrEqual(told.before);
    expect(told.healed).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
