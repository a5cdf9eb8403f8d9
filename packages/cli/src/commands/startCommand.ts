import { loadConfig, ServerCoordinator } from '@topgun/server';
import type { Command } from 'commander';
import type { CliIo } from '../CliIo.js';
import { addServerOptions, serverArgs } from '../serverOptions.js';
import { serveUntilStopped, webAddress } from '../serveUntilStopped.js';
import { cliVersion } from '../version.js';
import { adminFolder } from '../webFolders.js';

export function addStartCommand(program: Command, io: CliIo): void {
  const command = program
    .command('start')
    .summary('Run a server.')
    .description(
      'Runs a server. Settings come from flags, then the environment, then the file, then the defaults.',
    );
  addServerOptions(command, { defaults: { adminDir: 'the dashboard' } });
  command
    .addHelpText(
      'after',
      '\nEach flag has an environment name: --data-dir is TOPGUN_DATA_DIR. The secret of tokens has no flag, because arguments\n' +
        'can be read by every user of a machine: set TOPGUN_JWT_SECRET or --jwt-secret-file.\n' +
        'The log goes to standard output, one JSON object per line; the address is told on standard error.\n' +
        '\nExamples:\n  $ TOPGUN_JWT_SECRET=… topgun start --host 0.0.0.0\n  $ topgun start --config ./topgun.json\n  $ topgun start --dev --port 0 --storage memory\n',
    )
    .action(async () => {
      const admin = adminFolder();
      const config = loadConfig({
        args: serverArgs(command),
        env: io.env,
        ...(admin === undefined ? {} : { defaults: { adminDir: admin } }),
      });
      let server: ServerCoordinator | undefined;
      await serveUntilStopped(
        (onFatal) => {
          server = new ServerCoordinator(config, { onFatal });
          return server;
        },
        io,
        (at) => {
          const web = webAddress(at, config.tlsCertFile !== undefined);
          io.err(`TopGun ${cliVersion()} listens on ${web}\n`);
          const token = server?.setupToken;
          if (token !== undefined) io.err(firstOperator(web, token));
        },
      );
    });
}

/** How the first operator comes to be. The token stands behind `#`, so that no proxy and no log of a server sees it. */
function firstOperator(url: string, token: string): string {
  return `There is no operator yet. Sign in once with ${url}admin/#setup=${token} or run: topgun operator:add <name>\n`;
}
