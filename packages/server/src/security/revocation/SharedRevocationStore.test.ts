import { describe, expect, it } from 'vitest';
import type { RevocationEntry } from './RevocationStore.js';
import { Revocations } from './Revocations.js';
import { SharedRevocationStore } from './SharedRevocationStore.js';

const now = 1_800_000_000_500;
const HOUR = 3_600_000;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The facts of a database, and nodes that hear of them when they are durable. */
class Facts {
  readonly held = new Map<string, unknown>();
  readonly #staged = new Map<string, unknown>();
  readonly #stores: SharedRevocationStore[] = [];

  async node(tokenHoursMax?: number): Promise<Revocations> {
    const stage = (name: string, value: RevocationEntry | null): void => void this.#staged.set(name, value);
    const store = new SharedRevocationStore({ facts: new Map(this.held), stage });
    const revocations = new Revocations(tokenHoursMax);
    await revocations.keepIn(store);
    store.listen((entries) => revocations.heard(entries));
    this.#stores.push(store);
    return revocations;
  }

  /** What was staged becomes durable. */
  async commit(): Promise<void> {
    await settled();
    const facts = new Map([...this.#staged, ['map:todos', { kind: 'LWW' }]]);
    this.#staged.clear();
    for (const [name, value] of facts) {
      if (value === null) this.held.delete(name);
      else this.held.set(name, value);
    }
    for (const store of this.#stores) store.stored(facts);
    await settled();
  }
}

const isRevoked = (revocations: Revocations, sub: string, claims: Record<string, unknown> = {}): boolean =>
  revocations.isRevoked({ sub, roles: [], claims: { sub, ...claims } });

describe('SharedRevocationStore', () => {
  it('[AUTH-44] what one node revokes holds there at once, at the others when it is durable, and at those that come later', async () => {
    const facts = new Facts();
    const [one, other] = [await facts.node(), await facts.node()];
    let isAnswered = false;
    const answered = Promise.all([one.add({ jti: 't1' }, now), one.add({ sub: 'ann' }, now)]).then(() => {
      isAnswered = true;
    });
    expect([isRevoked(one, 'x', { jti: 't1' }), isRevoked(other, 'x', { jti: 't1' })]).toEqual([true, false]);
    expect(isAnswered).toBe(false);
    // One after the other.
    await facts.commit();
    await facts.commit();
    await answered;
    for (const node of [one, other, await facts.node()])
      expect([isRevoked(node, 'x', { jti: 't1' }), isRevoked(node, 'ann'), isRevoked(node, 'ben')]).toEqual([
        true,
        true,
        false,
      ]);
  });

  it('[AUTH-44] of two nodes that revoke for one subject the later time counts, in whatever order they are stored', async () => {
    for (const order of [0, 1]) {
      const facts = new Facts();
      const nodes = [await facts.node(), await facts.node()];
      for (const at of [order, 1 - order]) {
        void nodes[at]?.add({ sub: 'ann', beforeMs: now - at * HOUR }, now);
        await facts.commit();
      }
      for (const node of [...nodes, await facts.node()])
        expect(isRevoked(node, 'ann', { iat: Math.floor(now / 1000) - 60 })).toBe(true);
    }
  });

  it('[AUTH-42] [AUTH-44] what has had its time is taken back, once for all', async () => {
    const facts = new Facts();
    const [one, other] = [await facts.node(1), await facts.node(1)];
    void one.add({ jti: 't1' }, now);
    void one.add({ jti: 't2' }, now + HOUR);
    await facts.commit();
    await facts.commit();
    await Promise.all([one.prune(now + 2 * HOUR - 1), other.prune(now + 2 * HOUR - 1)]);
    await facts.commit();
    expect([...facts.held.keys()]).toEqual(['map:todos', 'revoked:jti::t2']);
    expect([one.size, other.size]).toEqual([1, 1]);
  });
});
