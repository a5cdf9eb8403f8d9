import { devLimits, loadConfig, type ServerConfig, ServerCoordinator } from '@topgun/server';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { CliIo } from '../CliIo.js';
import { addServerOptions, serverArgs } from '../serverOptions.js';
import { type Address, serveUntilStopped, webAddress } from '../serveUntilStopped.js';
import { cliVersion } from '../version.js';
import { adminFolder, demoFolder } from '../webFolders.js';

export const DEV_DATA_DIR = './.topgun/dev';

export function addDevCommand(program: Command, io: CliIo): void {
  const command = program
    .command('dev')
    .summary('Run a server for development, with the demo app.')
    .description(
      'Runs a server for development on this machine only: no token is needed and everybody may do everything. Serves the demo app, or yours.',
    )
    .option('--no-demo', 'Serve no app, only the sync connection and the probes.');
  addServerOptions(command, {
    without: ['dev'],
    defaults: {
      ...devLimits,
      dataDir: DEV_DATA_DIR,
      logLevel: 'warn',
      staticDir: 'the demo',
      adminDir: 'the dashboard',
    },
  });
  command
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun dev\n  $ topgun dev --port 0 --data-dir /tmp/try\n  $ topgun dev --static-dir ./dist\n',
    )
    .action(async (options: { demo: boolean }) => {
      const demo = options.demo ? demoFolder() : undefined;
      const admin = adminFolder();
      const config = loadConfig({
        args: serverArgs(command),
        env: io.env,
        defaults: {
          ...devLimits,
          dev: true,
          dataDir: DEV_DATA_DIR,
          logLevel: 'warn',
          ...(demo === undefined ? {} : { staticDir: demo }),
          ...(admin === undefined ? {} : { adminDir: admin }),
        },
      });
      await serveUntilStopped(
        (onFatal) => new ServerCoordinator(config, { onFatal }),
        io,
        (at) => {
          io.out(welcome(at, config, io));
        },
      );
    });
}

function welcome(at: Address, config: ServerConfig, io: CliIo): string {
  const { dataDir, databaseUrl, storage, staticDir, adminDir, tlsCertFile } = config;
  const colors = pc.createColors(io.color);
  const web = webAddress(at, tlsCertFile !== undefined);
  const lines = [
    `${colors.bold('TopGun')} ${cliVersion()}, for development`,
    '',
    ...(staticDir === undefined ? [] : [`  App     ${colors.cyan(web)}`]),
    ...(adminDir === undefined ? [] : [`  Admin   ${colors.cyan(`${web}admin/`)}`]),
    `  Sync    ${colors.cyan(web.replace('http', 'ws').replace(/\/$/, ''))}`,
    `  Health  ${web}ready`,
    `  Data    ${databaseUrl !== '' ? 'in PostgreSQL' : storage === 'memory' ? 'in memory, gone at the end' : dataDir}`,
    '',
    '  Everybody on this machine may do everything here. Stop with Ctrl-C.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
