import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from '../lib/root.mjs';
import { longFiles } from './longFiles.mjs';

const LINES_MAX = 400;
const CODE = /\.(ts|tsx|js|mjs|cjs|css)$/;
const FOLDERS = ['packages', 'apps', 'scripts', 'bin'];
const SKIPPED = new Set(['node_modules', 'dist', '.turbo']);

function* codeFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) yield* codeFiles(path);
    } else if (CODE.test(entry.name)) yield path;
  }
}

/** Lines of code per file, by path relative to `base` with forward slashes. */
export function lineCounts(base, folders = FOLDERS) {
  const counts = new Map();
  for (const folder of folders) {
    for (const path of codeFiles(join(base, folder))) {
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n').length;
      counts.set(relative(base, path).split(sep).join('/'), lines);
    }
  }
  return counts;
}

/** What is wrong: files above the limit that no exception covers, and exceptions that are no longer needed. */
export function findSizeFaults(counts, exceptions) {
  const allowed = new Map(exceptions.map((exception) => [exception.file, exception]));
  const faults = [];
  for (const [file, lines] of counts) {
    const limit = allowed.get(file)?.linesMax ?? LINES_MAX;
    if (lines > limit)
      faults.push(`${file}: ${lines} lines, allowed ${limit}: look for the second idea in it`);
  }
  for (const { file } of exceptions) {
    if ((counts.get(file) ?? 0) <= LINES_MAX)
      faults.push(`${file}: needs no exception, remove it from longFiles.mjs`);
  }
  return faults;
}

export async function fileSizes() {
  const counts = lineCounts(root);
  const faults = findSizeFaults(counts, longFiles);
  const fine = `${counts.size} files, none over ${LINES_MAX} lines but ${longFiles.length} with a reason`;
  return { ok: faults.length === 0, output: faults.join('\n') || fine };
}
