import { resolve } from 'node:path';
import { type BackupManifest, backupStore } from '@topgun/server';
import type { Command } from 'commander';
import { backupOnServer, fetchBackup, mustBeFree } from '../backup/fetchBackup.js';
import type { CliIo } from '../CliIo.js';
import { formatBytes } from '../formatBytes.js';
import { DEV_DATA_DIR } from './devCommand.js';

interface Options {
  readonly dataDir: string;
  readonly url?: string;
  readonly token?: string;
}

export function addBackupCommand(program: Command, io: CliIo): void {
  program
    .command('backup')
    .summary('Copy the data of a server, running or stopped, to a new folder.')
    .description(
      'With --url a running server copies its data as it stands at one moment, while clients go on writing, and the copy is fetched; without a folder it stays with the server. Without --url the embedded store of a stopped server is copied. Every row of the copy is read before it counts as a backup.',
    )
    .argument('[to]', 'Folder to make. It must not exist yet.')
    .option('--url <address>', 'Address of a running server.')
    .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN), with --url.')
    .option('--data-dir <path>', 'Folder a stopped server keeps its data in.', DEV_DATA_DIR)
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun backup ./backups/monday --url https://data.example.org\n  $ topgun backup --url http://127.0.0.1:8080\n  $ topgun backup /mnt/backups/2026-11-21 --data-dir /var/lib/topgun\n',
    )
    .action(async (to: string | undefined, options: Options, command: Command) => {
      const target = to === undefined ? undefined : resolve(io.cwd, to);
      if (options.url !== undefined) {
        const server = { url: options.url, token: options.token ?? io.env.TOPGUN_TOKEN };
        if (target !== undefined) await mustBeFree(target);
        const made = await backupOnServer(server);
        if (target !== undefined) await fetchBackup(server, made, target);
        const read = 'Every row was read in the copy.';
        return io.out(report(target ?? `${made.name}, at the server`, made.manifest, read));
      }
      if (target === undefined) return command.error("error: missing required argument 'to'");
      const made = await backupStore(resolve(io.cwd, options.dataDir), target, new Date());
      io.out(report(target, made, 'Every row was read, in the store and in the copy.'));
    });
}

function report(place: string, made: BackupManifest, read: string): string {
  return [
    `Backed up to ${place}`,
    `  taken        ${made.takenAt}`,
    `  size         ${formatBytes(made.bytes)}`,
    `  incarnation  ${made.incarnation}`,
    `  sha256       ${made.sha256}`,
    `${read}\n`,
  ].join('\n');
}
