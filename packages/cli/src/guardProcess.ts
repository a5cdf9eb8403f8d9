import { createLogger } from '@topgun/server';
import { exitCodes } from './exitCodes.js';

/** What `process` is used for, so that a test can stand in for it. */
export interface GuardedProcess {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/**
 * Ends the process at a fault that nobody caught: what it would go on with is not known. Node would print the text of the fault and
 * the line of code around it, which may hold what was worked on; this logs its class and place (OBS-31) on standard error.
 */
export function guardProcess(process: GuardedProcess, exitNow: (code: number) => void): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      createLogger('fatal', { to: 'stderr' }).fatal(
        { err: error, type: event },
        'a fault that nobody caught',
      );
      exitNow(exitCodes.internal);
    });
}
