import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../Finding.js';
import { liveTitles } from './liveTitles.js';

/** Specs of which every rule must be shown by a test. */
export const QUOTED_SPECS = ['docs/specs/query.md'] as const;

const RULE = /^(?:- |\| )\*\*([A-Z]+-[A-Z0-9]+)\*\*/;
const QUOTE = /\[([A-Z]+-[A-Z0-9]+)\]/g;
const SKIPPED = new Set(['node_modules', 'dist', 'e2e']);

/** Rules, `- **Q-1** …` or a row `| **OP-EQ** | …`, that no test which runs quotes in its title as `[Q-1]`, and rules that stand twice. */
export function findUnquotedRules(root: string): readonly Finding[] {
  const quoted = new Set(
    testFiles(join(root, 'packages')).flatMap((file) =>
      (liveTitles(file) ?? []).flatMap((title) => Array.from(title.matchAll(QUOTE), ([, id]) => id)),
    ),
  );
  return QUOTED_SPECS.flatMap((spec) => {
    const path = join(root, spec);
    if (!existsSync(path)) return [{ rule: 'rule-quoted', file: spec, message: 'the spec is missing' }];
    const seen = new Set<string>();
    return readFileSync(path, 'utf8')
      .split(/\r?\n/)
      .flatMap((text, at): Finding[] => {
        const id = RULE.exec(text)?.[1];
        if (id === undefined) return [];
        const fault = (message: string): Finding => ({
          rule: 'rule-quoted',
          file: spec,
          line: at + 1,
          message: `${id} ${message}`,
        });
        if (seen.size === seen.add(id).size) return [fault('stands here twice')];
        return quoted.has(id) ? [] : [fault('is quoted by no test that runs')];
      });
  });
}

function testFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : testFiles(join(folder, entry.name));
    return /\.test\.tsx?$/.test(entry.name) ? [join(folder, entry.name)] : [];
  });
}
