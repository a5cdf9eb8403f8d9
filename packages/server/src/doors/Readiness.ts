import type { DiskFault, DiskWatch } from '../storage/DiskWatch.js';
import type { CommitResult } from '../storage/Store.js';

/** Why new clients are not welcome: the server's state, or what is wrong with its store. */
export type NotReady = 'NEW' | 'STARTING' | 'DRAINING' | 'STOPPED' | 'FAILED' | 'STORE_FAILING' | DiskFault;

/** Whether the server welcomes clients, for probes and metrics (OBS-20). */
export class Readiness {
  readonly #state: () => 'READY' | NotReady;
  readonly #disk: DiskWatch | undefined;
  #isStoreFailing = false;

  /** `disk`: of a store that has one. */
  constructor(state: () => 'READY' | NotReady, disk?: DiskWatch) {
    this.#state = state;
    this.#disk = disk;
  }

  /** The last commit decides: one that failed is tried again, so a store that recovers shows it by itself. */
  commitDone(result: CommitResult): void {
    this.#isStoreFailing = result !== 'committed';
  }

  /** Of the server itself, whatever its store does. */
  ofServer(): NotReady | undefined {
    const state = this.#state();
    return state === 'READY' ? undefined : state;
  }

  /** Of the server and its store; undefined when it is ready. */
  async reason(): Promise<NotReady | undefined> {
    const own = this.ofServer();
    if (own !== undefined) return own;
    const fault = (await this.#disk?.state())?.fault;
    return fault ?? (this.#isStoreFailing ? 'STORE_FAILING' : undefined);
  }
}
