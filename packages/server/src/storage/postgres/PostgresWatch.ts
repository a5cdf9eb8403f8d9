import { LIMITS } from '@topgun/protocol';
import { keptFor } from '../keptFor.js';
import type { StoreFault, StoreState, StoreWatch } from '../StoreWatch.js';

const LOOK_MS = 1_000;

/** Looks after the database for probes, and after the folder that lies beside it. */
export class PostgresWatch implements StoreWatch {
  readonly #ask: (timeoutMs: number) => Promise<StoreFault | undefined>;
  readonly #disk: StoreWatch | undefined;
  /** At most a second old. Never rejects. */
  readonly state: () => Promise<StoreState>;

  /** `ask` never rejects. `disk`: of the folder with the logs of topics, where there is one. */
  constructor(
    ask: (timeoutMs: number) => Promise<StoreFault | undefined>,
    disk: StoreWatch | undefined,
    monoMs = () => performance.now(),
  ) {
    this.#ask = ask;
    this.#disk = disk;
    this.state = keptFor(LOOK_MS, monoMs, () => this.#look());
  }

  async #look(): Promise<StoreState> {
    const [fault, disk] = await Promise.all([this.#ask(LIMITS.databaseProbeMs), this.#disk?.state()]);
    return { freeBytes: disk?.freeBytes, fault: fault ?? disk?.fault };
  }
}
