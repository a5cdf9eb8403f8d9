import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a script in a process of its own that takes jobs, one after the other, until there are none. */
export function inProcess<Job, Done>(
  script: URL,
  nextJob: () => Job | undefined,
  done: (answer: Done) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(script), { env: { ...process.env, ...env } });
    const give = (): void => {
      const job = nextJob();
      if (job === undefined) child.disconnect();
      // A job is plain data.
      else child.send(job as object);
    };
    child.on('message', (answer) => {
      // What the script sends, it sends as this.
      done(answer as Done);
      give();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`A worker ended with code ${code}`));
    });
    give();
  });
}
