import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** ms: a process that says nothing for so long does not end by itself; it is killed */
  readonly silentMs?: number;
}

/**
 * Runs a script in a process of its own that takes jobs, one after the other, until there are none. `heard` is told all it says; true: that
 * was the answer to its job. Gives whether it had to be killed, with a job unanswered.
 */
export function inProcess<Job, Said>(
  script: URL,
  nextJob: () => Job | undefined,
  heard: (said: Said) => boolean,
  { env = {}, silentMs }: ProcessOptions = {},
): Promise<{ readonly isKilled: boolean }> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(script), { env: { ...process.env, ...env } });
    let isKilled = false;
    let silence: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(silence);
      if (silentMs === undefined) return;
      silence = setTimeout(() => {
        isKilled = true;
        child.kill('SIGKILL');
      }, silentMs);
    };
    const give = (): void => {
      const job = nextJob();
      if (job === undefined) {
        clearTimeout(silence);
        child.disconnect();
        // A job is plain data.
      } else child.send(job as object);
    };
    child.on('message', (said) => {
      wait();
      // What the script sends, it sends as this.
      if (heard(said as Said)) give();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(silence);
      if (code === 0 || isKilled) resolve({ isKilled });
      else reject(new Error(`A worker ended with code ${code}`));
    });
    wait();
    give();
  });
}
