import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupManifest } from '@topgun/server';
import { freePort, option, topgun } from '../crash/harness.js';
import { ServerProcess } from '../crash/ServerProcess.js';
import { CRASH_MAP } from '../crash/Writer.js';
import { rehearse } from './rehearse.js';

/**
 * `npm run test:backup [-- --writes N]`: `rehearse` with a real `topgun start`, `topgun backup --url` and SIGKILL; N acknowledged writes before
 * the backup and N after it, 20,000 when left out.
 */
async function main(): Promise<number> {
  const writes = option('writes') ?? 20_000;
  const folder = await mkdtemp(join(tmpdir(), 'topgun-rehearsal-'));
  const env = { TOPGUN_JWT_SECRET: randomBytes(48).toString('base64') };
  const policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, JSON.stringify([{ role: 'user', map: CRASH_MAP, actions: ['READ', 'PUT'] }]));
  const tokenOf = (role: string): Promise<string> =>
    topgun(['token', '--sub', role, '--roles', role, '--ttl', '2h'], env);
  const port = await freePort();
  let server: ServerProcess | undefined;
  try {
    const told = await rehearse(
      {
        url: `ws://127.0.0.1:${port}`,
        token: await tokenOf('user'),
        start: async (dataDir) => {
          server = new ServerProcess(
            ['--data-dir', dataDir, '--policies-file', policiesFile, '--log-level', 'warn'],
            env,
          );
          await server.start(port);
        },
        end: async () => server?.kill(),
        backup: async (to) => {
          const token = await tokenOf('ADMIN');
          await topgun(['backup', to, '--url', `http://127.0.0.1:${port}`, '--token', token], env);
          return JSON.parse(await readFile(join(to, 'backup.json'), 'utf8')) as BackupManifest;
        },
      },
      folder,
      writes,
    );
    const { faults, ...figures } = told;
    for (const fault of faults.slice(0, 10)) console.log(`FAULT ${fault}`);
    console.log(
      `${figures.acknowledged} acknowledged writes of 20 clients; ${figures.before} of them before the backup, ${figures.after} when it was there, ${figures.inBackup} in it, ${figures.healed} came back; backup ${Math.round(figures.backupMs)} ms, longest time without an answer meanwhile ${Math.round(figures.pauseMs)} ms; ${faults.length} faults`,
    );
    return faults.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
