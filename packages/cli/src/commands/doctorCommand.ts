import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import type { CliIo } from '../CliIo.js';
import { type Check, type Finding, reasonOf } from '../doctor/Check.js';
import { clock } from '../doctor/clock.js';
import { dataFolder } from '../doctor/dataFolder.js';
import { diskSpace } from '../doctor/diskSpace.js';
import { embeddedStore } from '../doctor/embeddedStore.js';
import { nodeVersion } from '../doctor/nodeVersion.js';
import { portFree } from '../doctor/portFree.js';
import { storedData } from '../doctor/storedData.js';
import { type ExitCode, exitCodes } from '../exitCodes.js';
import { DEV_DATA_DIR } from './devCommand.js';

const checks: readonly Check[] = [
  nodeVersion,
  portFree,
  dataFolder,
  storedData,
  embeddedStore,
  diskSpace,
  clock,
];

export function addDoctorCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .summary('Look for what would keep topgun from running here.')
    .description(
      'Looks at Node, port, data folder, what is stored there, embedded store, disk and clock, and says what to do about what it finds.',
    )
    .option('--host <address>', 'Address the server would listen on.', '127.0.0.1')
    .option('--port <number>', 'Port the server would listen on.', readPort, 8080)
    .option('--data-dir <path>', 'Folder the server would keep its data in.', DEV_DATA_DIR)
    .addHelpText(
      'after',
      '\nExit code 0 when nothing must be mended (warnings are allowed), 3 otherwise.\n\nExamples:\n  $ topgun doctor\n  $ topgun doctor --port 80 --data-dir /var/lib/topgun\n',
    )
    .action(async (options: { host: string; port: number; dataDir: string }) => {
      const where = { ...options, dataDir: resolve(io.cwd, options.dataDir) };
      let failed = 0;
      for (const check of checks) {
        const finding = await check.run(where).catch(
          (error: unknown): Finding => ({
            level: 'fail',
            detail: reasonOf(error),
            remedy: 'Run again with --verbose.',
          }),
        );
        if (finding.level === 'fail') failed += 1;
        io.out(lineOf(check.name, finding, io));
      }
      io.out(
        failed === 0
          ? '\nReady to run.\n'
          : `\n${failed === 1 ? 'One thing' : `${failed} things`} must be mended.\n`,
      );
      done(failed === 0 ? exitCodes.ok : exitCodes.unhealthy);
    });
}

function lineOf(name: string, finding: Finding, io: CliIo): string {
  const colors = pc.createColors(io.color);
  const paint = { ok: colors.green, warn: colors.yellow, fail: colors.red }[finding.level];
  const line = `${paint(finding.level.padEnd(4))}  ${name.padEnd(14)} ${finding.detail}\n`;
  return finding.remedy === undefined ? line : `${line}${' '.repeat(21)}${finding.remedy}\n`;
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Use a number from 0 to 65535.');
}
