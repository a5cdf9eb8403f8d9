import type { RealmLocks, Release } from './RealmLocks.js';

interface Claim {
  readonly granted: () => void;
  readonly lost: () => void;
}

/**
 * Locks within one process, for Node and for pages without the Web Locks API. First come, first served.
 * Two processes do not see each other's locks: a store on disk is opened by one process at a time.
 */
export class ProcessLocks implements RealmLocks {
  /** The holder first, then who waits. */
  readonly #claims = new Map<string, Claim[]>();

  acquire(name: string, steal: boolean, granted: () => void, lost: () => void): Release {
    const claim: Claim = { granted, lost };
    const claims = this.#claims.get(name) ?? [];
    this.#claims.set(name, claims);
    if (steal) {
      const robbed = claims.shift();
      if (robbed !== undefined) queueMicrotask(() => robbed.lost());
      claims.unshift(claim);
    } else {
      claims.push(claim);
    }
    if (claims[0] === claim) this.#grant(name, claim);
    return () => this.#withdraw(name, claim);
  }

  #grant(name: string, claim: Claim): void {
    queueMicrotask(() => {
      if (this.#claims.get(name)?.[0] === claim) claim.granted();
    });
  }

  #withdraw(name: string, claim: Claim): void {
    const claims = this.#claims.get(name) ?? [];
    const index = claims.indexOf(claim);
    if (index < 0) return;
    claims.splice(index, 1);
    if (claims.length === 0) this.#claims.delete(name);
    else if (index === 0 && claims[0] !== undefined) this.#grant(name, claims[0]);
  }
}
