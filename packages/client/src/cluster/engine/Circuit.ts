import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';

/**
 * Keeps a client from asking again and again who does not answer: after some failures in a row it is open, and lets nothing through; when
 * it has been so for long enough, one attempt shows whether it may close.
 */
export class Circuit {
  /** in a row */
  failures = 0;
  #openedAtMs = 0;

  /** `HALF_OPEN`: the next attempt decides. */
  stateAt(nowMs: number): 'CLOSED' | 'OPEN' | 'HALF_OPEN' {
    if (this.failures < CLUSTER_LIMITS.circuitFailures) return 'CLOSED';
    return nowMs - this.#openedAtMs < CLUSTER_LIMITS.circuitOpenMs ? 'OPEN' : 'HALF_OPEN';
  }

  failed(nowMs: number): void {
    this.failures++;
    this.#openedAtMs = nowMs;
  }

  succeeded(): void {
    this.failures = 0;
  }
}
