import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../Finding.js';
import { liveTitles } from './liveTitles.js';
import { CATALOGUE, readInvariants } from './readInvariants.js';

/** Every file and every test that the catalogue of invariants names must be there, and the test must be one that runs. */
export function findInvariantFaults(root: string): readonly Finding[] {
  const path = join(root, CATALOGUE);
  if (!existsSync(path)) {
    return [{ rule: 'invariant-catalogue', file: CATALOGUE, message: 'the catalogue is missing' }];
  }
  const { invariants, findings } = readInvariants(readFileSync(path, 'utf8'));
  const titles = new Map<string, readonly string[] | undefined>();
  const titlesIn = (file: string): readonly string[] | undefined => {
    if (!titles.has(file)) titles.set(file, liveTitles(join(root, file)));
    return titles.get(file);
  };
  const faults = invariants.flatMap(({ id, line, keptBy, shownBy }): Finding[] => {
    const fault = (message: string): Finding => ({
      rule: 'invariant-live',
      file: CATALOGUE,
      line,
      message: `${id}: ${message}`,
    });
    const lost = keptBy
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => fault(`no file ${file}`));
    const dead = shownBy.flatMap(({ file, title }) => {
      const known = titlesIn(file);
      if (known === undefined) return [fault(`no file ${file}`)];
      return known.some((each) => each.includes(title)) ? [] : [fault(`no live test "${title}" in ${file}`)];
    });
    return [...lost, ...dead];
  });
  const seen = new Set<string>();
  const doubled = invariants.filter(({ id }) => seen.size === seen.add(id).size);
  return [
    ...findings,
    ...faults,
    ...doubled.map(({ id, line }) => ({
      rule: 'invariant-row',
      file: CATALOGUE,
      line,
      message: `${id} stands here twice`,
    })),
  ];
}
