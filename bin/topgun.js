#!/usr/bin/env node
// The command itself lives in packages/cli; this file only lets a clone run it without installing it.
import { existsSync } from 'node:fs';

const entry = new URL('../packages/cli/dist/main.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  process.stderr.write('topgun is not built yet. Run: npm run build\n');
  process.exitCode = 1;
}
