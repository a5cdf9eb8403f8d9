import { type Delta, LiveWindow, runQuery } from '@topgun/core';
import type { Case, Row } from '../Case.js';
import { type AskedBy, type Checker, Difference } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { seenBy } from '../oracle/answer.js';
import { PORTS } from '../ports.js';

/**
 * Live windows that are told of every change: what they show, and where their deltas lead. One holds all that matches; one runs
 * again for what it does not hold, and one of those sees rows before it is told of them.
 */
export const liveWindow: Checker = {
  name: 'live window',
  check(one, { of }) {
    for (const asked of of) {
      follow(one, asked, 'whole');
      follow(one, asked, 'sparing');
      follow(one, asked, 'sparing, rows ahead');
    }
  },
};

function follow(
  { query, policies, batches }: Case,
  { who, seen, answers }: AskedBy,
  kind: 'whole' | 'sparing' | 'sparing, rows ahead',
): void {
  const name = `the ${kind} window of ${who.sub}`;
  const rows = new Map(seen[0]);
  let ahead: Iterable<Row> = rows;
  const window = new LiveWindow<unknown>(
    query,
    kind === 'whole'
      ? PORTS
      : { ...PORTS, run: (spec) => runQuery(spec, kind === 'sparing' ? rows : ahead, PORTS) },
  );
  if (kind === 'whole') window.reset(rows);
  else window.reset();
  let followed: readonly Row[] = window.rows().slice();
  assertSameRows(`${name} at the start`, followed, answers[0] ?? []);
  for (const [at, batch] of batches.entries()) {
    ahead = seen[at + 1] ?? [];
    for (const [key, value] of batch) {
      const now = value === undefined ? undefined : seenBy(who, policies, value);
      if (now === undefined) rows.delete(key);
      else rows.set(key, now);
      for (const delta of window.apply(key, now)) followed = after(followed, delta, name);
    }
    const expected = answers[at + 1] ?? [];
    assertSameRows(`${name} after batch ${at + 1}`, window.rows(), expected);
    assertSameRows(`${name}, its deltas up to batch ${at + 1}`, followed, expected);
    for (const [key] of batch) {
      const isIn = expected.some(([other]) => other === key);
      if (window.has(key) !== isIn) throw new Difference(`whether ${name} has ${key}`, !isIn, isIn);
    }
  }
}

/** The rows after a step, which must fit the rows before it. */
function after(rows: readonly Row[], delta: Delta<unknown>, name: string): readonly Row[] {
  const at = rows.findIndex(([key]) => key === delta.key);
  const from = delta.type === 'ENTER' ? -1 : delta.from;
  if (at !== from) throw new Difference(`where ${delta.key} was, of ${delta.type} in ${name}`, from, at);
  const others = at < 0 ? rows : rows.toSpliced(at, 1);
  return delta.type === 'LEAVE' ? others : others.toSpliced(delta.index, 0, [delta.key, delta.value]);
}
