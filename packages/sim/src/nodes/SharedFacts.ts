import { encodeCanonical } from '@topgun/core';
import type { MetaRow } from '@topgun/server/internal/storage/Store';

interface Fact {
  /** null: it was taken back */
  readonly value: unknown;
  readonly revision: number;
}

/** Facts of all nodes, as the simulated database keeps them (CLU-25): each with the revision of the commit that made it. */
export class SharedFacts {
  revision = 0;
  #facts = new Map<string, Fact>();

  /** Whether one of them was decided otherwise than its node believed. */
  contradicts(rows: readonly MetaRow[]): boolean {
    return rows.some(({ name, value, was }) => {
      if (was === undefined) return false;
      const stands = textOf(this.#facts.get(name)?.value);
      return stands !== textOf(was.value) && stands !== textOf(value);
    });
  }

  /** Takes them down; returns their revision, 0 where there are none. */
  add(rows: readonly MetaRow[]): number {
    if (rows.length === 0) return 0;
    this.revision++;
    for (const { name, value } of rows)
      this.#facts.set(name, { value: structuredClone(value), revision: this.revision });
    return this.revision;
  }

  after(revision: number): ReadonlyMap<string, unknown> {
    const later = [...this.#facts].filter(([, fact]) => fact.revision > revision);
    return new Map(later.map(([name, { value }]) => [name, structuredClone(value)]));
  }

  backup(): () => void {
    const [revision, facts] = [this.revision, new Map(this.#facts)];
    return () => {
      this.revision = revision;
      this.#facts = facts;
    };
  }
}

const textOf = (value: unknown): string =>
  value === undefined || value === null ? '' : String(encodeCanonical(value));
