import { partitionOf } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from './contractRecords.js';
import type { MetaRow, SharedStore, StoreBoot } from './Store.js';

/** The store of one node, which is a member of the cluster. */
export interface SharedNode {
  readonly store: SharedStore;
  readonly boot: StoreBoot;
  /** how often it was told that a commit was void */
  readonly fenced: () => number;
}

/** What the suite needs of a store that nodes share. */
export interface SharedHarness {
  /** Opens it as a node that joins, once more if it has before. */
  node(name: string): Promise<SharedNode>;
  /** Another node takes a fence over. */
  takeOver(name: string): Promise<void>;
  /** The node whose fence was taken over joins again. */
  rejoin(name: string): Promise<void>;
  dispose(): Promise<void>;
}

const facts = (...meta: MetaRow[]) => ({ slices: [], meta });

/** The contract of `SharedStore`, beside that of `Store`, as tests. */
export function describeSharedStorage(name: string, factory: () => Promise<SharedHarness>): void {
  describe(`SharedStore contract: ${name}`, () => {
    let harness: SharedHarness;

    beforeEach(async () => {
      harness = await factory();
    });
    afterEach(() => harness.dispose());

    it('[CLU-25] facts have revisions over all nodes, and those that were taken back are told, too', async () => {
      const [a, b] = [await harness.node('a'), await harness.node('b')];
      const first = await a.store.commitShared(facts({ name: 'x', value: 1 }));
      expect(first).toEqual({ result: 'committed', revision: 1 });
      const rows = await b.store.commitShared(commitOf([storedRecord({ key: 'k' })]));
      expect(rows).toEqual({ result: 'committed', revision: 0 });
      expect(await b.store.commitShared(facts({ name: 'y', value: { z: [1] } }))).toMatchObject({
        revision: 2,
      });
      expect(await a.store.commitShared(facts({ name: 'x', value: null }))).toMatchObject({ revision: 3 });
      const state = await b.store.sharedState(1);
      expect(state).toMatchObject({
        revision: 3,
        facts: new Map<string, unknown>([
          ['y', { z: [1] }],
          ['x', null],
        ]),
      });
      expect(state.partitions.get(partitionOf('k'))).toEqual({ high: { epoch: 1, n: 1 } });
      expect((await a.store.sharedState(3)).facts.size).toBe(0);
      await a.store.close();
      const { boot } = await harness.node('a');
      expect([...boot.meta]).toEqual([['y', { z: [1] }]]);
      expect(boot.revision).toBe(3);
    });

    it('[CLU-25] the first one of a fact that nodes decide stands, and whose commit would change it stores nothing', async () => {
      const [a, b] = [await harness.node('a'), await harness.node('b')];
      const claim = (value: unknown, was?: unknown) => ({
        ...commitOf([storedRecord({ key: 'k', value, t: 5000 })]),
        meta: [{ name: 'map:m', value, was: { value: was } }],
      });
      expect(await a.store.commit(claim({ kind: 'LWW' }))).toBe('committed');
      expect(await b.store.commit(claim({ kind: 'PN' }))).toBe('contradicted');
      expect((await b.store.read('m', 'k'))?.value).toEqual({ kind: 'LWW' });
      // What is said again, and what takes the place of what stands, goes through.
      expect(await b.store.commit(claim({ kind: 'LWW' }))).toBe('committed');
      expect(await b.store.commit(claim({ kind: 'LWW', resolver: 'r' }, { kind: 'LWW' }))).toBe('committed');
      expect(await a.store.commit(claim({ kind: 'LWW', resolver: 's' }, { kind: 'LWW' }))).toBe(
        'contradicted',
      );
      expect((await a.store.sharedState(0)).facts.get('map:m')).toEqual({ kind: 'LWW', resolver: 'r' });
    });

    it('[CLU-25] facts that nodes commit at once get one revision each, and whoever sees one has seen all before it', async () => {
      const nodes = await Promise.all(['a', 'b', 'c'].map((each) => harness.node(each)));
      const seen = new Map<string, unknown>();
      let revision = 0;
      let isDone = false;
      const reading = (async () => {
        while (!isDone || revision < 60) {
          const state = await nodes[0]?.store.sharedState(revision);
          for (const [fact, value] of state?.facts ?? []) seen.set(fact, value);
          revision = state?.revision ?? 0;
        }
      })();
      const revisions = await Promise.all(
        nodes.map(async ({ store }, i) => {
          const made: number[] = [];
          for (let at = 0; at < 20; at++)
            made.push((await store.commitShared(facts({ name: `${i}/${at}`, value: at }))).revision);
          return made;
        }),
      );
      isDone = true;
      await reading;
      expect(revisions.flat().sort((x, y) => x - y)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
      expect(seen.size).toBe(60);
    });

    it('[CLU-12] a node whose fence was raised stores nothing, is told, and goes on when it is a member anew', async () => {
      const { store, fenced } = await harness.node('a');
      expect(await store.commit(facts({ name: 'x', value: 1 }))).toBe('committed');
      await harness.takeOver('a');
      expect(await store.commit(facts({ name: 'x', value: 2 }))).toBe('failed');
      expect(fenced()).toBe(1);
      // It follows all the same.
      expect((await store.sharedState(0)).facts.get('x')).toBe(1);
      await harness.rejoin('a');
      expect(await store.commit(facts({ name: 'x', value: 3 }))).toBe('committed');
    });
  });
}
