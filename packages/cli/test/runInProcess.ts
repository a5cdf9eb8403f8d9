import { tmpdir } from 'node:os';
import type { CliIo } from '../src/CliIo.js';
import { runCli } from '../src/runCli.js';

/** Runs one command line in this process and collects what it prints. */
export async function runInProcess(args: readonly string[], part: Partial<CliIo> = {}) {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: {},
    cwd: tmpdir(),
    color: false,
    columns: 100,
    onStopSignal: () => () => undefined,
    exitNow: () => undefined,
    onReload: () => () => undefined,
    onLine: () => () => undefined,
    readSecret: async () => '',
    isInteractive: false,
    ...part,
  });
  return { code, out, err };
}
