import { execFile } from 'node:child_process';

const RUN_MS_MAX = 30_000;

/**
 * Runs a module with plain Node and resolves with what it wrote to standard output. Rejects with everything it wrote when it
 * fails, or does not end by itself within 30 s.
 */
export function runNode(folder: string, module: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, timeout: RUN_MS_MAX, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [module], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${module} ${ending(error)}:\n${stdout}${stderr}`));
    });
  });
}

const ending = ({ code, killed }: { readonly code?: unknown; readonly killed?: boolean }): string =>
  killed === true ? `did not end within ${RUN_MS_MAX} ms` : `ended with code ${String(code)}`;
