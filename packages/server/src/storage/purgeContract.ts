import { partitionOf } from '@topgun/core';
import { expect, it } from 'vitest';
import type { CommitGate } from './CommitGate.js';
import { commitOf, purgeOf, storedRecord } from './contractRecords.js';
import type { Offset, Store, StoreBoot } from './Store.js';

const KEYS = ['{p}a', '{p}b', '{p}c'] as const;
const [A, B, C] = KEYS;
const PID = partitionOf(A);
const START: Offset = { epoch: 0, n: 0 };

/** What every store does with deletions that are purged; part of `describeServerStorage`. */
export function itPurges(
  current: () => {
    readonly harness: { readonly gate: CommitGate };
    readonly store: Store;
    readonly boot: StoreBoot;
  },
  reopen: () => Promise<void>,
): void {
  /** A live record at offset 1, which a deletion at offset 2 takes; others deleted at 3, and alive at 4. */
  const prepare = async (): Promise<void> => {
    const { store } = current();
    await store.commit(commitOf([storedRecord({ key: A, n: 1 })]));
    await store.commit(commitOf([storedRecord({ key: A, t: 2000, value: undefined, n: 2 })]));
    await store.commit(
      commitOf([storedRecord({ key: B, kind: 'OR', tag: 'g', value: undefined, t: 3000, n: 3 })]),
    );
    await store.commit(commitOf([storedRecord({ key: C, n: 4 })]));
  };
  const held = async (): Promise<string[]> => {
    const { store } = current();
    const scanned: string[] = [];
    await store.scan(PID, ({ key, value }) => scanned.push(`${key}=${String(value)}`));
    const changed = await store.changesSince(PID, START, 10);
    expect(changed.map(({ key, value }) => `${key}=${String(value)}`).sort()).toEqual(scanned.sort());
    return scanned;
  };

  it('[STO-25] [GC-1] a purge takes the deletions up to its offset and nothing else, and opening tells both marks', async () => {
    await prepare();
    expect(current().boot.gc.size).toBe(0);
    expect(await current().store.commit(purgeOf(A, 2, 2000))).toBe('committed');
    for (let opened = 0; opened < 3; opened++) {
      expect(await current().store.read('m', A)).toBeUndefined();
      expect(await current().store.read('m', B, 'g')).toMatchObject({ n: 3 });
      expect(await held()).toEqual([`${B}=undefined`, `${C}=v`]);
      if (opened > 0) {
        expect([...current().boot.gc]).toEqual([
          [PID, { floor: { t: 2000, node: 'a' }, offset: { epoch: 1, n: 2 } }],
        ]);
      }
      await reopen();
    }
  });

  it('[STO-25] [GC-1] marks never go back', async () => {
    await prepare();
    await current().store.commit(purgeOf(A, 3, 3000));
    await current().store.commit(purgeOf(A, 2, 2000));
    await reopen();
    expect(current().boot.gc.get(PID)).toEqual({ floor: { t: 3000, node: 'a' }, offset: { epoch: 1, n: 3 } });
    expect(await held()).toEqual([`${C}=v`]);
  });

  it('[STO-25] [GC-1] of a failed purge nothing is done: neither marks nor deletions change', async () => {
    await prepare();
    current().harness.gate.failNext('failed');
    expect(await current().store.commit(purgeOf(A, 3, 3000))).toBe('failed');
    await reopen();
    expect(current().boot.gc.size).toBe(0);
    expect(await held()).toEqual([`${A}=undefined`, `${B}=undefined`, `${C}=v`]);
  });

  it('[STO-25] a record written anew in the commit of the purge, or after it, stays', async () => {
    await prepare();
    const again = storedRecord({ key: A, t: 5000, value: 'again', n: 5 });
    const [slice] = purgeOf(A, 3, 3000).slices;
    await current().store.commit({
      slices: [{ ...slice, records: [again] } as typeof slice & object],
      meta: [],
    });
    await current().store.commit(commitOf([storedRecord({ key: B, t: 6000, value: 'new', n: 6 })]));
    await reopen();
    expect(await current().store.read('m', A)).toEqual(again);
    expect(await held()).toEqual([`${A}=again`, `${B}=new`, `${C}=v`]);
  });
}
