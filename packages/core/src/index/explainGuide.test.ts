import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizeQuery, type QueryFilter } from '../query/normalizeQuery.js';
import { explainText } from './explainText.js';
import { IndexSet } from './IndexSet.js';
import type { IndexSpec } from './IndexSpec.js';

const guide = readFileSync(new URL('../../../../docs/guides/explain.md', import.meta.url), 'utf8');

/** The text of each fence of a language, in order. */
function fences(language: string): string[] {
  return [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([^\`]*)\`\`\``, 'g'))].map(([, text = '']) =>
    text.trimEnd(),
  );
}

const [indexes = '', ...queries] = fences('json');
const texts = fences('text');

function cities(): IndexSet<unknown> {
  const map = new Map<string, unknown>();
  for (let i = 0; i < 10_000; i++) {
    const population = (i * 7_919_003) % 10_000_019;
    const tags = i % 40 === 0 ? ['port'] : [];
    map.set(`city${i}`, { name: `City ${i}`, country: `x${i % 100}`, population, tags });
  }
  const set = new IndexSet(map);
  for (const spec of JSON.parse(indexes) as IndexSpec[]) set.declare(spec);
  set.buildSome(Infinity);
  set.declare({ kind: 'ordered', path: 'name' });
  return set;
}

describe('docs/guides/explain.md', () => {
  const set = cities();

  it('explains ten queries', () => {
    expect([queries.length, texts.length]).toEqual([10, 10]);
  });

  it.each(queries.map((query, at) => [query, texts[at]]))(
    '[IDX-8] says what explain says for %s',
    (query, text) => {
      expect(explainText(set.explain(normalizeQuery(JSON.parse(query as string) as QueryFilter)))).toBe(text);
    },
  );
});
