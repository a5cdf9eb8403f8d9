import { LIMITS } from '@topgun/protocol';
import type { StoreFault, StoreState, StoreWatch } from '../StoreWatch.js';

/** Probes may come many times a second; PostgreSQL is asked once in this time. */
const LOOK_MS = 1_000;

/** Looks after the database for probes, and after the folder that lies beside it. */
export class PostgresWatch implements StoreWatch {
  readonly #ask: (timeoutMs: number) => Promise<StoreFault | undefined>;
  readonly #disk: StoreWatch;
  readonly #monoMs: () => number;
  #looked: Promise<StoreState> | undefined;
  #lookedAtMs = 0;

  /** `ask` never rejects. `disk`: of the folder with the logs of topics. */
  constructor(
    ask: (timeoutMs: number) => Promise<StoreFault | undefined>,
    disk: StoreWatch,
    monoMs = () => performance.now(),
  ) {
    this.#ask = ask;
    this.#disk = disk;
    this.#monoMs = monoMs;
  }

  state(): Promise<StoreState> {
    const nowMs = this.#monoMs();
    if (this.#looked === undefined || nowMs - this.#lookedAtMs >= LOOK_MS) {
      this.#lookedAtMs = nowMs;
      this.#looked = this.#look();
    }
    return this.#looked;
  }

  async #look(): Promise<StoreState> {
    const [fault, disk] = await Promise.all([this.#ask(LIMITS.databaseProbeMs), this.#disk.state()]);
    return { freeBytes: disk.freeBytes, fault: fault ?? disk.fault };
  }
}
