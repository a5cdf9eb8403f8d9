import { type IncludeSpec, IncludeView, type Joined } from '@topgun/core';
import { itemOf } from '../engine/rows.js';
import type { LiveQuery, QuerySnapshot } from '../query/LiveQuery.js';
import type { Kept, Row, RowChange } from '../query/QueryRows.js';

type AnyRow = Row<unknown>;

/** What rows with their partners show now; the same object until something in it changes. */
export interface RelatedSnapshot<R> {
  /** In order; a row that did not change, and whose partners did not, is the same object as before. */
  readonly rows: readonly R[];
  /** `complete`: the server's rows are in, those of the partners too. `partial`: what the device holds, which may be less. */
  readonly completeness: 'partial' | 'complete';
  /** False until the device's store is read or the server has answered. */
  readonly isLoaded: boolean;
}

/** The row of the app and what it was made of, as of the last read. */
interface Shown {
  readonly row: AnyRow;
  readonly partners: readonly unknown[];
  readonly joined: AnyRow;
}

/**
 * The rows of a live query, each with its partners out of other live queries, kept up to date with all of them and shared by all handles
 * that ask the same. It lives until one of the queries it stands on was closed.
 */
export class RelatedView {
  readonly #includes: readonly IncludeSpec[];
  readonly #lives: readonly LiveQuery<unknown>[];
  readonly #views: readonly IncludeView<AnyRow>[];
  readonly #shown = new Map<string, Shown>();
  #rows: readonly AnyRow[] | undefined;
  #snapshot: RelatedSnapshot<AnyRow> | undefined;

  /** The query of the rows, then that of each include; `name` tells its followers on these from those of other views. */
  constructor(includes: readonly IncludeSpec[], lives: readonly LiveQuery<unknown>[], name: string) {
    this.#includes = includes;
    this.#lives = lives;
    this.#views = includes.map((spec) => new IncludeView<AnyRow>(spec));
    const [rows, ...partners] = lives;
    rows?.follow(name, (changes) => this.#rowsChanged(changes));
    for (const [i, live] of partners.entries())
      live.follow(`${name} ${i}`, (changes) => partnersChanged(this.#views[i], changes));
  }

  /** Whether it stands on these. */
  isOn(lives: readonly LiveQuery<unknown>[]): boolean {
    return lives.every((live, i) => live === this.#lives[i]);
  }

  snapshot(): RelatedSnapshot<AnyRow> {
    // Reading a live query is what has it tell its followers.
    const states = this.#lives.map((live) => live.state());
    const rows = this.#join(this.#lives[0]?.snapshot().rows ?? []);
    const completeness = states.every((one) => one.completeness === 'complete') ? 'complete' : 'partial';
    const isLoaded = states.every((one) => one.isLoaded);
    const last = this.#snapshot;
    if (rows === last?.rows && completeness === last.completeness && isLoaded === last.isLoaded) return last;
    this.#snapshot = { rows, completeness, isLoaded };
    return this.#snapshot;
  }

  #join(rows: QuerySnapshot<unknown>['rows']): readonly AnyRow[] {
    const last = this.#snapshot?.rows ?? [];
    const touched = this.#views.map((view) => view.takeTouched());
    if (rows === this.#rows && touched.every((ids) => ids.size === 0)) return last;
    this.#rows = rows;
    const joined = rows.map((row) => {
      const id = idOf(row);
      const shown = this.#shown.get(id);
      const isSame = shown?.row === row && !touched.some((ids) => ids.has(id));
      return isSame ? shown.joined : this.#joinRow(id, row, shown);
    });
    const isSame = joined.length === last.length && joined.every((row, i) => row === last[i]);
    return isSame ? last : joined;
  }

  #joinRow(id: string, row: AnyRow, shown: Shown | undefined): AnyRow {
    const partners = this.#views.map((view) => view.of(id));
    if (shown?.row === row && partners.every((partner, i) => partner === shown.partners[i]))
      return shown.joined;
    const named = this.#includes.map(({ name }, i) => [name, partners[i]] as const);
    // By definition rather than assignment: a relation may be called as anything of Object.
    const joined = { ...row, ...Object.fromEntries(named) };
    this.#shown.set(id, { row, partners, joined });
    return joined;
  }

  #rowsChanged(changes: readonly RowChange<unknown>[]): void {
    for (const change of changes) {
      const { id, now } = sidesOf(change);
      if (now === undefined) this.#shown.delete(id);
      for (const view of this.#views) view.rowChanged(id, now);
    }
  }
}

function partnersChanged(
  view: IncludeView<AnyRow> | undefined,
  changes: readonly RowChange<unknown>[],
): void {
  for (const change of changes) {
    const { id, now } = sidesOf(change);
    view?.partnerChanged(id, now);
  }
}

function sidesOf({ before, now }: RowChange<unknown>): { id: string; now: Joined<AnyRow> | undefined } {
  // One of the two is there.
  const id = idOf(((now ?? before) as Kept<unknown>).row);
  return { id, now: now && { id, key: now.row._key, value: now.value, shown: now.row } };
}

function idOf({ _key: key, _tag: tag }: AnyRow): string {
  return itemOf({ key, tag });
}
