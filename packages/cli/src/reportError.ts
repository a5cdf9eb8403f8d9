import { TopGunError } from '@topgun/core';
import pc from 'picocolors';
import type { CliIo } from './CliIo.js';
import { type ExitCode, exitCodes } from './exitCodes.js';

/** Errors whose exit code is another than `failure`. */
const codeOf: Readonly<Record<string, ExitCode>> = {
  SERVER_UNREACHABLE: exitCodes.unhealthy,
  CONFIG_INVALID: exitCodes.usage,
  FILTER_INVALID: exitCodes.usage,
  CLAIMS_INVALID: exitCodes.usage,
  JSON_INVALID: exitCodes.usage,
  EXPECTATIONS_INVALID: exitCodes.usage,
  POLICY_INVALID: exitCodes.usage,
  PREDICATE_INVALID: exitCodes.usage,
  PREDICATE_OPERATOR_UNKNOWN: exitCodes.usage,
  QUERY_INVALID: exitCodes.usage,
};

/**
 * Prints what went wrong and gives the exit code. A typed error shows code, message and remedy; anything else is a
 * fault of topgun itself and says so. Stacks are shown with `--verbose` only.
 */
export function reportError(error: unknown, io: CliIo, verbose: boolean): ExitCode {
  const colors = pc.createColors(io.color);
  if (error instanceof TopGunError) {
    io.err(`${colors.red('error')} ${colors.bold(error.code)} ${error.message}\n`);
    io.err(`      ${error.remedy}\n`);
    if (verbose) io.err(`\n${stackOf(error)}\n`);
    return codeOf[error.code] ?? exitCodes.failure;
  }
  const message = error instanceof Error ? error.message : String(error);
  io.err(`${colors.red('error')} ${colors.bold('UNEXPECTED')} ${message}\n`);
  io.err(
    verbose
      ? `\n${stackOf(error)}\n`
      : '      This is a fault in topgun. Run again with --verbose for the stack.\n',
  );
  return exitCodes.internal;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${stackOf(error.cause)}`;
}
