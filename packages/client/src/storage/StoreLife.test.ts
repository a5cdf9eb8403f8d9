import { describe, expect, it } from 'vitest';
import type { StoreKey, StoreTx } from './IStorageAdapter.js';
import { LIFE_KEY, StoreLife } from './StoreLife.js';

type Entries = StoreTx['puts'];

/** A store that holds what transactions put. */
function apply(entries: Entries, { puts, deletes }: StoreTx): Entries {
  const rows = new Map(entries.map((entry) => [entry[0].join(), entry]));
  for (const put of puts) rows.set(put[0].join(), put);
  for (const key of deletes) rows.delete(key.join());
  return [...rows.values()];
}

const put = (key: StoreKey, value: unknown): StoreTx => ({ puts: [[key, value]], deletes: [] });
const KEY = ['base', 'm', 'k'];

function opened(entries: Entries): StoreLife {
  const life = new StoreLife();
  life.read(entries);
  return life;
}

describe('the life of a store', () => {
  it('[B10] the first one has its rows where they always were', () => {
    const life = opened([]);
    expect(life.tx(put(KEY, 1))).toEqual(put(KEY, 1));
    expect(life.read([[KEY, 1]])).toEqual({ rows: [[KEY, 1]], left: [] });
  });

  it('[B10] each later one has keys of its own, and reads no others', () => {
    const named: Entries = [[LIFE_KEY, 'two']];
    const life = opened(named);
    const store = apply(named, life.tx({ puts: [[KEY, 'new']], deletes: [['op', 's', '1']] }));
    expect(life.read(store)?.rows).toEqual([[KEY, 'new']]);
    // A tab of the life before writes once more.
    const late = apply(store, opened([]).tx(put(KEY, 'old')));
    expect(life.read(late)).toEqual({ rows: [[KEY, 'new']], left: [KEY] });
    expect(opened(late).read(late)?.rows).toEqual([[KEY, 'new']]);
    const later = apply(late, opened([[LIFE_KEY, 'one']]).tx(put(KEY, 'older')));
    expect(life.read(later)?.left).toHaveLength(2);
  });

  it('[B10] deletes what it put', () => {
    const named: Entries = [[LIFE_KEY, 'two']];
    const life = opened(named);
    const store = apply(named, life.tx(put(KEY, 1)));
    expect(apply(store, life.tx({ puts: [], deletes: [KEY] }))).toEqual(named);
  });

  it('[B10] whoever lived before another life finds out when the store is read', () => {
    const first = opened([]);
    const second = opened([[LIFE_KEY, 'two']]);
    expect(first.read([[LIFE_KEY, 'two']])).toBeUndefined();
    expect(second.read([[LIFE_KEY, 'three']])).toBeUndefined();
    expect(second.read([[LIFE_KEY, 'two']])).toBeDefined();
  });

  it('[B6] a store that was emptied without that is named again by the next transaction, and nobody is logged out', () => {
    const life = opened([[LIFE_KEY, 'two']]);
    expect(life.read([])).toEqual({ rows: [], left: [] });
    const store = apply([], life.tx(put(KEY, 1)));
    expect(opened(store).read(store)?.rows).toEqual([[KEY, 1]]);
    life.named();
    expect(life.tx(put(KEY, 2)).puts).toHaveLength(1);
  });
});
