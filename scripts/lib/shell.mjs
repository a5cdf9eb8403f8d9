import { spawn } from 'node:child_process';
import { root } from './root.mjs';

// What npm tells its own children (npm_lifecycle_event, npm_config_prefix, …) confuses pnpm. What a user may have
// set on purpose to reach a registry stays.
const KEPT = /^npm_config_(registry|cache|userconfig|cafile|strict_ssl|noproxy|proxy|https?_proxy)$/i;

/** The environment for child processes. */
export function childEnv(extra = {}) {
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || KEPT.test(name));
  return { ...Object.fromEntries(entries), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...extra };
}

/**
 * Runs a command with this process's output and hands on SIGINT and SIGTERM.
 * Resolves with its exit code, 128 + n when signal number n ended it, 127 when it could not be started.
 */
export function run(command, args, { env = {}, cwd = root, stdin = 'ignore' } = {}) {
  return endOf(
    spawn(command, args, { cwd, env: childEnv(env), stdio: [stdin, 'inherit', 'inherit'] }),
    command,
  );
}

/** Hands on SIGINT and SIGTERM until the child has ended, and resolves with its code as `run` says. */
function endOf(child, command) {
  return new Promise((resolve) => {
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const finish = (code) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    child.on('close', (code, signal) => finish(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/**
 * Starts a command that stays, with this process's errors, its output passed on, and SIGINT and SIGTERM handed on. `ended` resolves as
 * that of `run`; `says` with the first match in what it writes, undefined when it ends without one.
 */
export function startWatched(command, args, { env = {}, cwd = root } = {}) {
  const child = spawn(command, args, { cwd, env: childEnv(env), stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const heard = new Set();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    // Only the beginning is looked for.
    if (output.length < 10_000) output += text;
    for (const look of heard) look();
  });
  const ended = endOf(child, command);
  const says = (pattern) =>
    new Promise((resolve) => {
      const look = () => {
        const match = pattern.exec(output);
        if (match !== null) resolve(match);
      };
      heard.add(look);
      void ended.then(() => resolve(undefined));
      look();
    });
  return { ended, says };
}

/** Runs a command quietly. Resolves with its exit code and everything it wrote, in order. */
export function capture(command, args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: childEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
