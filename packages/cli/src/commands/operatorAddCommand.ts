import { join, resolve } from 'node:path';
import { OperatorFile, settings } from '@topgun/server';
import type { Command } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { readRoles } from './tokenCommand.js';

interface Options {
  readonly roles: readonly string[];
  readonly dataDir?: string;
  readonly file?: string;
}

export function addOperatorAddCommand(program: Command, io: CliIo): void {
  program
    .command('operator:add')
    .summary('Let somebody sign in to the dashboard of a server.')
    .description(
      'Adds an operator to the list of a server, or gives one another password and other roles. The password is asked for, or read from the first line of standard input; it is never an argument. A running server sees the change within seconds.',
    )
    .argument('<name>', 'Name to sign in with: 1 to 64 of A-Z a-z 0-9 _ . @ -')
    .option('--roles <names>', 'Roles, separated by commas.', readRoles, ['ADMIN'])
    .option('--data-dir <path>', 'Data folder of the server (TOPGUN_DATA_DIR). Default: ./topgun-data.')
    .option('--file <path>', 'List of operators, where the server has another one (TOPGUN_OPERATORS_FILE).')
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun operator:add ada\n  $ topgun operator:add ada --data-dir /var/lib/topgun < password.txt\n',
    )
    .action(async (name: string, options: Options) => {
      const folder = options.dataDir ?? io.env.TOPGUN_DATA_DIR ?? settings.dataDir.schema.parse(undefined);
      const named = options.file ?? io.env.TOPGUN_OPERATORS_FILE;
      const path = resolve(io.cwd, named ?? join(folder, 'auth', 'operators.json'));
      const password = await io.readSecret(`Password of ${name}: `);
      if (io.isInteractive && (await io.readSecret('Once more: ')) !== password)
        throw cliError('PASSWORDS_DIFFER', 'The two passwords are not the same.');
      await new OperatorFile(path).put(name, password, options.roles);
      io.out(`${name} can sign in as ${options.roles.join(', ')} (${path}).\n`);
    });
}
