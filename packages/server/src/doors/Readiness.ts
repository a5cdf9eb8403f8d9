import type { CommitResult } from '../storage/Store.js';
import type { StoreFault, StoreWatch } from '../storage/StoreWatch.js';

/** Why new clients are not welcome: the server's state, or what is wrong with its store. */
export type NotReady = 'NEW' | 'STARTING' | 'DRAINING' | 'STOPPED' | 'FAILED' | 'STORE_FAILING' | StoreFault;

/** Whether the server welcomes clients, for probes and metrics (OBS-20). */
export class Readiness {
  readonly #state: () => 'READY' | NotReady;
  readonly #place: StoreWatch | undefined;
  #isStoreFailing = false;

  /** `place`: of a store that has one outside of this process. */
  constructor(state: () => 'READY' | NotReady, place?: StoreWatch) {
    this.#state = state;
    this.#place = place;
  }

  /** The last commit decides: one that failed is tried again, so a store that recovers shows it by itself. */
  commitDone(result: CommitResult): void {
    // A fact that another node has decided otherwise is no failure.
    this.#isStoreFailing = result !== 'committed' && result !== 'contradicted';
  }

  /** Of the server itself, whatever its store does. */
  ofServer(): NotReady | undefined {
    const state = this.#state();
    return state === 'READY' ? undefined : state;
  }

  /** Of the server and its store; undefined when it is ready. */
  async reason(): Promise<NotReady | undefined> {
    return this.ofServer() ?? (await this.fault());
  }

  /** Why the store takes nothing at the moment; undefined when it does. Never rejects. */
  async fault(): Promise<'STORE_FAILING' | StoreFault | undefined> {
    const fault = (await this.#place?.state())?.fault;
    return fault ?? (this.#isStoreFailing ? 'STORE_FAILING' : undefined);
  }
}
