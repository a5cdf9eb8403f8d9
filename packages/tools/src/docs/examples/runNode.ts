import { execFile } from 'node:child_process';

const RUN_MS_MAX = 30_000;

/**
 * Runs a module with plain Node and resolves with what it wrote to standard output. Rejects with everything it wrote when it
 * fails, or does not end by itself within 30 s.
 */
export const runNode = (folder: string, module: string): Promise<string> =>
  runProgram(folder, process.execPath, [module]);

/** The same for a script, by sh, which ends at the first command that fails. */
export const runShell = (folder: string, script: string): Promise<string> =>
  runProgram(folder, 'sh', ['-eu', script]);

function runProgram(folder: string, program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, timeout: RUN_MS_MAX, killSignal: 'SIGKILL' } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${args.at(-1)} ${ending(error)}:\n${stdout}${stderr}`));
    });
  });
}

const ending = ({ code, killed }: { readonly code?: unknown; readonly killed?: boolean }): string =>
  killed === true ? `did not end within ${RUN_MS_MAX} ms` : `ended with code ${String(code)}`;
