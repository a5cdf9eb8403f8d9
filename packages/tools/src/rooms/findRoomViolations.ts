import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ICruiseResult, IViolation } from 'dependency-cruiser';
import { cruise } from 'dependency-cruiser';
import type { Finding } from '../Finding.js';
import { publicEntries } from './publicEntries.js';
import { roomRules } from './roomRules.js';

/** Imports that the map of the house forbids, in all packages and apps below `root`. Built output must not exist for it. */
export async function findRoomViolations(root: string): Promise<readonly Finding[]> {
  const entries = publicEntries(root);
  const { output } = await cruise(
    ['packages', 'apps', 'bin'].filter((folder) => existsSync(join(root, folder))),
    {
      baseDir: root,
      ruleSet: { forbidden: roomRules(entries) },
      validate: true,
      tsPreCompilationDeps: true, // type imports count: they couple rooms as well
      combinedDependencies: true, // test tools are declared once, at the root
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)(dist|\\.turbo|public)/' },
    },
    {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.css', '.d.ts'],
      extensionAlias: { '.js': ['.ts', '.tsx', '.js'] },
      conditionNames: ['types', 'import', 'default'],
      exportsFields: ['exports'],
      // A package is its sources here, so the check needs no build and no stale build can mislead it.
      alias: entries.map(({ specifier, source }) => ({
        name: specifier,
        alias: join(root, source),
        onlyModule: true,
      })),
    },
  );
  if (typeof output === 'string') throw new Error(output);
  return reported(output);
}

function reported({ summary }: ICruiseResult): readonly Finding[] {
  return summary.violations.map((violation) => ({
    rule: violation.rule.name,
    file: violation.from,
    message: explained(violation, summary.ruleSetUsed?.forbidden ?? []),
  }));
}

function explained(
  { rule, to, cycle }: IViolation,
  rules: readonly { name?: string; comment?: string }[],
): string {
  const target = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ');
  const comment = rules.find(({ name }) => name === rule.name)?.comment;
  return `imports ${target}${comment === undefined ? '' : `: ${comment}`}`;
}
