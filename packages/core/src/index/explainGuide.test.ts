import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizeQuery, type QueryFilter } from '../query/normalizeQuery.js';
import { explainText } from './explainText.js';
import { IndexSet } from './IndexSet.js';
import type { IndexSpec } from './IndexSpec.js';

const guide = readFileSync(new URL('../../../../docs/guides/explain.md', import.meta.url), 'utf8');

/** The text of each fence of a kind, in order. */
function fences(kind: string): string[] {
  return [...guide.matchAll(new RegExp(`\`\`\`${kind}\\n([^\`]*)\`\`\``, 'g'))].map(([, text = '']) =>
    text.trimEnd(),
  );
}

// The page is ours, and its fences are literals.
function literal(text: string): unknown {
  return new Function(`return (${text});`)();
}

function cities(): IndexSet<unknown> {
  const map = new Map<string, unknown>();
  for (let i = 0; i < 10_000; i++) {
    const population = (i * 7_919_003) % 10_000_019;
    const tags = i % 40 === 0 ? ['port'] : [];
    map.set(`city${i}`, { name: `City ${i}`, country: `x${i % 100}`, population, tags });
  }
  const set = new IndexSet(map);
  for (const spec of literal(fences('js indexes')[0] as string) as IndexSpec[]) set.declare(spec);
  set.buildSome(Infinity);
  set.declare({ kind: 'ordered', path: 'name' });
  return set;
}

describe('docs/guides/explain.md', () => {
  const set = cities();
  const queries = fences('js query');
  const texts = fences('text explain');

  it('explains ten queries', () => {
    expect([queries.length, texts.length]).toEqual([10, 10]);
  });

  it.each(queries.map((query, at) => [query, texts[at]]))(
    '[IDX-8] says what explain says for %s',
    (query, text) => {
      expect(explainText(set.explain(normalizeQuery(literal(query as string) as QueryFilter)))).toBe(text);
    },
  );
});
