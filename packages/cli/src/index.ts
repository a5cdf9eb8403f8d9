export type { CliIo, StopSignal } from './CliIo.js';
export { type CliErrorCode, cliErrors } from './cliErrors.js';
export { type ExitCode, exitCodes } from './exitCodes.js';
export { runCli } from './runCli.js';
