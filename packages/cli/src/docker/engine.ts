import { spawn } from 'node:child_process';
import type { CliIo, StopSignal } from '../CliIo.js';
import { cliError } from '../cliErrors.js';

/** What runs a compose file: a program and the arguments that come before those of compose. */
export type Engine = readonly [program: string, ...first: string[]];

/** In the order in which they are looked for. */
const ENGINES: readonly Engine[] = [
  ['docker', 'compose'],
  ['podman', 'compose'],
  ['docker-compose'],
  ['podman-compose'],
];

/** The first engine that knows compose. Throws ENGINE_MISSING. */
export async function findEngine(io: CliIo): Promise<Engine> {
  const silent = { ...io, out: () => undefined, err: () => undefined };
  for (const engine of ENGINES) {
    const code = await runEngine(engine, ['version'], silent);
    if (code === 0) return engine;
  }
  throw cliError('ENGINE_MISSING', 'No container engine with compose is on the PATH.');
}

/** Runs compose in the folder where `topgun` was started; what it prints is handed on. Resolves with its exit code, 127 where there is no such program. */
export function runEngine([program, ...first]: Engine, args: readonly string[], io: CliIo): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      cwd: io.cwd,
      env: { ...io.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', io.out);
    child.stderr.setEncoding('utf8').on('data', io.err);
    // A terminal has told the child already; whoever signals this process alone means both.
    const off = io.onStopSignal((signal: StopSignal) => {
      if (!io.isInteractive || signal === 'SIGTERM') child.kill(signal);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      off();
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve(127);
      else reject(error);
    });
    child.on('close', (code, signal) => {
      off();
      // As shells tell it.
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}
