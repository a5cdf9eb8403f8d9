import { readFileSync } from 'node:fs';
import { rootPath } from '../lib/root.mjs';

/** Lines of a lockfile that name a place instead of a version: they would tie every clone to one registry. */
export function linesWithUrl(text) {
  return text
    .split('\n')
    .map((line, index) => `pnpm-lock.yaml:${index + 1}: ${line.trim()}`)
    .filter((line) => /https?:\/\/|tarball:/.test(line));
}

export async function lockfile() {
  const lines = linesWithUrl(readFileSync(rootPath('pnpm-lock.yaml'), 'utf8'));
  return { ok: lines.length === 0, output: lines.join('\n') || 'no URL in the lockfile' };
}
