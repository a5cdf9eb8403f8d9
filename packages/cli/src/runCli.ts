import { CommanderError } from 'commander';
import type { CliIo } from './CliIo.js';
import { createProgram } from './createProgram.js';
import { type ExitCode, exitCodes } from './exitCodes.js';
import { reportError } from './reportError.js';

/**
 * Runs one `topgun` command line (without `node` and the script's name) and gives the exit code of the process.
 * It never throws and never ends the process by itself, except when a second signal forces it.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its own message already; help and version end with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return reportError(error, io, args.includes('--verbose'));
  }
}
