import { resolve } from 'node:path';
import { backupStore } from '@topgun/server';
import type { Command } from 'commander';
import type { CliIo } from '../CliIo.js';
import { formatBytes } from '../formatBytes.js';
import { DEV_DATA_DIR } from './devCommand.js';

export function addBackupCommand(program: Command, io: CliIo): void {
  program
    .command('backup')
    .summary('Copy the data of a stopped server to a new folder.')
    .description(
      'Reads every row of the embedded store, copies it to a new folder with its checksum, and reads the copy back. The server must be stopped.',
    )
    .argument('<to>', 'Folder to make. It must not exist yet.')
    .option('--data-dir <path>', 'Folder the server keeps its data in.', DEV_DATA_DIR)
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun backup ./backups/monday\n  $ topgun backup /mnt/backups/2026-11-21 --data-dir /var/lib/topgun\n',
    )
    .action(async (to: string, options: { dataDir: string }) => {
      const target = resolve(io.cwd, to);
      const made = await backupStore(resolve(io.cwd, options.dataDir), target, new Date());
      io.out(
        [
          `Backed up to ${target}`,
          `  size         ${formatBytes(made.bytes)}`,
          `  incarnation  ${made.incarnation}`,
          `  sha256       ${made.sha256}`,
          `Every row was read, in the store and in the copy.\n`,
        ].join('\n'),
      );
    });
}
