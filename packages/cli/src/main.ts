#!/usr/bin/env node
import { createInterface } from 'node:readline';
import type { StopSignal } from './CliIo.js';
import { guardProcess } from './guardProcess.js';
import { readSecret } from './readSecret.js';
import { runCli } from './runCli.js';

guardProcess(process, (code) => process.exit(code));

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  columns: process.stdout.columns ?? 100,
  onStopSignal: (listener) => {
    const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  onReload: (listener) => {
    process.on('SIGHUP', listener);
    return () => process.off('SIGHUP', listener);
  },
  onLine: (listener) => {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', listener);
    return () => {
      lines.close();
      process.stdin.unref?.();
    };
  },
  readSecret: (prompt) => readSecret(process.stdin, process.stderr, prompt),
  isInteractive: process.stdin.isTTY === true,
  exitNow: (code) => process.exit(code),
});
