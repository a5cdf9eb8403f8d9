import { resolve } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { restoreStore } from '@topgun/server';
import type { Command } from 'commander';
import type { CliIo } from '../CliIo.js';
import { formatBytes } from '../formatBytes.js';
import { DEV_DATA_DIR } from './devCommand.js';

const ANSWERED_MINUTES = LIMITS.answeredMs / 60_000;

export function addRestoreCommand(program: Command, io: CliIo): void {
  program
    .command('restore')
    .summary('Put a backup in place of the data of a stopped server.')
    .description(
      'Checks a backup, reads every row of it, and puts it in place of the present data in one step. The present data is kept beside it. Clients send again what they were told in the last ten minutes of connection.',
    )
    .argument('<from>', 'Folder that `topgun backup` made.')
    .option('--data-dir <path>', 'Folder the server keeps its data in; made when missing.', DEV_DATA_DIR)
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun restore ./backups/monday\n  $ topgun restore /mnt/backups/2026-11-21 --data-dir /var/lib/topgun\n',
    )
    .action(async (from: string, options: { dataDir: string }) => {
      const source = resolve(io.cwd, from);
      const folder = resolve(io.cwd, options.dataDir);
      const now = new Date();
      const { manifest, incarnation, replaced } = await restoreStore(source, folder, now);
      io.out(
        [
          `Restored ${source} to ${folder}`,
          `  taken        ${manifest.takenAt}`,
          `  size         ${formatBytes(manifest.bytes)}`,
          `  incarnation  ${incarnation} (was ${manifest.incarnation})`,
          replaced === undefined
            ? 'There was no data before.'
            : `The data that was there before is kept in ${replaced}; remove it when you do not need it.`,
          ...mayBeMissing(manifest.takenAt, now),
          '',
        ].join('\n'),
      );
    });
}

/** What a restore cannot bring back by itself, and where it is listed (BAK-9, BAK-10). */
function mayBeMissing(takenAt: string, now: Date): string[] {
  const minutes = Math.floor((now.getTime() - Date.parse(takenAt)) / 60_000);
  const later = `What was acknowledged after ${takenAt} comes back from the devices that wrote it`;
  if (minutes < ANSWERED_MINUTES) return [`${later}, when they connect.`];
  return [
    `${later}, as far as it lies within the last ten minutes of their connection.`,
    `The backup is ${minutes} minutes old: what is older than that and newer than the backup is lost. Devices list it in their journal of conflicts as "restored".`,
  ];
}
