import { describeError } from '@topgun/server';
import type { CliIo } from './CliIo.js';
import { cliError } from './cliErrors.js';
import { forcedCodes } from './exitCodes.js';
import { reportError } from './reportError.js';

/** The part of `ServerCoordinator` that a command drives. */
export interface Server {
  readonly start: () => Promise<Address>;
  readonly shutdown: () => Promise<void>;
  readonly reloadKeys: () => Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts a server and keeps it until the first SIGINT or SIGTERM, then lets it drain. A second signal ends the process
 * at once: whoever sends it has waited long enough. Rejects when the start fails, or when the server reports through
 * `onFatal` that it cannot go on. SIGHUP has it read the keys of tokens again.
 */
export async function serveUntilStopped(
  make: (onFatal: (error: unknown) => void) => Server,
  io: CliIo,
  onReady: (at: Address) => void,
): Promise<void> {
  let stop: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    stop = resolve;
    fail = reject;
  });
  // It may fail while nobody waits for it yet.
  stopped.catch(() => undefined);
  const server = make((error) => fail(toldOf(error)));
  let asked = false;
  const off = io.onStopSignal((signal) => {
    if (asked) return io.exitNow(forcedCodes[signal]);
    asked = true;
    io.err('Stopping: finishing what was begun. Once more to stop at once.\n');
    stop();
  });
  const offReload = io.onReload(() => {
    const failed = (error: unknown): unknown => reportError(error, io, false);
    // Before the start it throws at once.
    Promise.resolve()
      .then(() => server.reloadKeys())
      .catch(failed);
  });
  const ended = stopped.finally(() => server.shutdown());
  ended.catch(() => undefined);
  // A server that is told to stop while it is starting gives its start up, which is no fault then.
  const started = server.start().catch((error: unknown) => {
    if (!asked) throw error;
  });
  try {
    const at = await Promise.race([started, ended]);
    if (at !== undefined) onReady(at);
    await ended;
  } finally {
    off();
    offReload();
  }
}

/** The text of a fault may hold what was worked on; those of the server about itself do not. */
function toldOf(error: unknown): unknown {
  const { code, message } = describeError(error);
  if (message !== undefined) return error;
  return cliError('SERVER_FAILED', `The server cannot go on${code === undefined ? '' : ` (${code})`}.`);
}

/** An address as a browser on this machine takes it: "every address" is reached by the loopback one. */
export function webAddress({ host, port }: Address, isSecure = false): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host;
  return `${isSecure ? 'https' : 'http'}://${reachable.includes(':') && !reachable.startsWith('[') ? `[${reachable}]` : reachable}:${port}/`;
}
