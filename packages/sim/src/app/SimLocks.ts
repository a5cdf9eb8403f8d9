import type { Later } from './Later.js';

interface Claim {
  readonly tab: Later;
  readonly hold: (lock: { readonly name: string }) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (why: unknown) => void;
}

interface Options {
  readonly steal?: boolean;
  readonly signal?: AbortSignal;
}

/** The Web Locks of one device, as far as clients use them: exclusive, first come first served, free when their tab is gone. */
export class SimLocks {
  /** The holder first, then who waits. */
  readonly #claims = new Map<string, Claim[]>();

  request(tab: Later, name: string, { steal, signal }: Options, hold: Claim['hold']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const claim: Claim = { tab, hold, resolve, reject };
      const claims = this.#claims.get(name) ?? [];
      this.#claims.set(name, claims);
      if (steal) {
        const robbed = claims.shift();
        robbed?.tab.soon(() => robbed.reject(new DOMException('The lock was stolen', 'AbortError')));
        claims.unshift(claim);
      } else claims.push(claim);
      signal?.addEventListener('abort', () => {
        this.#leave(name, claim);
        reject(signal.reason);
      });
      if (claims[0] === claim) this.#grant(name, claim);
    });
  }

  /** The tab is gone, with its locks and its wishes. */
  left(tab: Later): void {
    for (const [name, claims] of [...this.#claims])
      for (const claim of [...claims]) if (claim.tab === tab) this.#leave(name, claim);
  }

  #grant(name: string, claim: Claim): void {
    claim.tab.soon(() => {
      if (this.#claims.get(name)?.[0] !== claim) return;
      Promise.resolve(claim.hold({ name })).then(
        (value) => {
          this.#leave(name, claim);
          claim.resolve(value);
        },
        (error: unknown) => {
          this.#leave(name, claim);
          claim.reject(error);
        },
      );
    });
  }

  #leave(name: string, claim: Claim): void {
    const claims = this.#claims.get(name) ?? [];
    const at = claims.indexOf(claim);
    if (at < 0) return;
    claims.splice(at, 1);
    if (claims.length === 0) this.#claims.delete(name);
    else if (at === 0 && claims[0] !== undefined) this.#grant(name, claims[0]);
  }
}
