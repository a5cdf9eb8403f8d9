import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('./worker.js', import.meta.url));

/** A worker process that answers one request at a time with one message. */
export interface Child {
  /** Sends a request and resolves with the answer; rejects when the process dies or `deadlineMs` passes. */
  ask<T>(request: object, deadlineMs?: number): Promise<T>;
  stop(): void;
}

/** Starts a fresh process for `role`, so that no peer warms or litters another's heap. `flags` are more of Node and V8. */
export function startChild(role: string, flags: readonly string[] = []): Child {
  const child = fork(entry, [role], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096', ...flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    ask<T>(request: object, deadlineMs = 300_000): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const finish = (act: () => void): void => {
          clearTimeout(timer);
          child.removeAllListeners('message');
          child.removeAllListeners('exit');
          act();
        };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`${role} did not answer in ${deadlineMs} ms`))),
          deadlineMs,
        );
        child.once('message', (answer) => finish(() => resolve(answer as T)));
        child.once('exit', (code) => finish(() => reject(new Error(`${role} ended with code ${code}`))));
        child.send(request);
      });
    },
    stop: () => {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
}
