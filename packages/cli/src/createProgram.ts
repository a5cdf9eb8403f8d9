import { Command } from 'commander';
import type { CliIo } from './CliIo.js';
import { addBackupCommand } from './commands/backupCommand.js';
import { addClusterCommands } from './commands/clusterCommands.js';
import { addClusterStartCommands } from './commands/clusterStartCommand.js';
import { addDebugCrdtCommand } from './commands/debugCrdtCommand.js';
import { addDevCommand } from './commands/devCommand.js';
import { addDockerCommands } from './commands/dockerCommands.js';
import { addDoctorCommand } from './commands/doctorCommand.js';
import { addExportCommand } from './commands/exportCommand.js';
import { addImportCommand } from './commands/importCommand.js';
import { addOperatorAddCommand } from './commands/operatorAddCommand.js';
import { addPolicyCommand } from './commands/policyCommand.js';
import { addQueryCommand } from './commands/queryCommand.js';
import { addRepairCommand } from './commands/repairCommand.js';
import { addRestoreCommand } from './commands/restoreCommand.js';
import { addSearchExplainCommand } from './commands/searchExplainCommand.js';
import { addStartCommand } from './commands/startCommand.js';
import { addStatusCommand } from './commands/statusCommand.js';
import { addTokenCommand } from './commands/tokenCommand.js';
import { addTokenRevokeCommand } from './commands/tokenRevokeCommand.js';
import { addWebhookCommands } from './commands/webhookCommands.js';
import type { ExitCode } from './exitCodes.js';
import { cliVersion } from './version.js';

/** The whole command line. Commands report an exit code other than 0 through `done`; errors are thrown. */
export function createProgram(io: CliIo, done: (code: ExitCode) => void): Command {
  const program = new Command('topgun');
  program
    .description(
      'TopGun: a local-first data grid. Apps keep their data on the device; the server keeps devices in agreement.',
    )
    .version(cliVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show help.')
    .helpCommand('help [command]', 'Show help of a command.')
    .exitOverride()
    .showHelpAfterError('Run the same command with --help to see what it takes.')
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.color,
    })
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun dev\n  $ topgun start --config ./topgun.json\n  $ topgun doctor\n',
    );

  addDevCommand(program, io);
  addStartCommand(program, io);
  addStatusCommand(program, io, done);
  addTokenCommand(program, io);
  addTokenRevokeCommand(program, io);
  addOperatorAddCommand(program, io);
  addPolicyCommand(program, io, done);
  addQueryCommand(program, io);
  addImportCommand(program, io, done);
  addExportCommand(program, io, done);
  addSearchExplainCommand(program, io);
  addDebugCrdtCommand(program, io, done);
  addBackupCommand(program, io);
  addRestoreCommand(program, io);
  addRepairCommand(program, io);
  addWebhookCommands(program, io);
  addClusterCommands(program, io, done);
  addClusterStartCommands(program, io);
  addDockerCommands(program, io);
  addDoctorCommand(program, io, done);

  // Taken by every command, so that it can stand where people put it: at the end.
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
    command.copyInheritedSettings(program).option('--verbose', 'Show the stack of an error.');
  }
  return program;
}
