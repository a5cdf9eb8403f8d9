import type { NtpPorts } from '../NtpTimeProvider.js';
import { openUdp } from '../udpLink.js';

interface Told {
  readonly level: string;
  readonly message: string;
  readonly about: Readonly<Record<string, unknown>>;
}

/** A local clock and timers that the test moves, around whatever way to the servers it wants. */
export class NtpWorld {
  /** by how much the local clock is wrong is the test's business */
  localMs = 1_790_000_000_000;
  monoMs = 5_000;
  readonly told: Told[] = [];
  readonly #timers = new Map<() => void, number>();
  #nonces = 0;
  #heard: () => void = () => undefined;

  ports(open: NtpPorts['open'] = openUdp): NtpPorts {
    return {
      clock: { wallMs: () => this.localMs, monoMs: () => this.monoMs },
      after: (ms, run) => {
        const once = (): void => run();
        this.#timers.set(once, this.monoMs + ms);
        return () => this.#timers.delete(once);
      },
      open,
      nonce: () => Uint8Array.from({ length: 8 }, (_, i) => (i === 7 ? ++this.#nonces : 0xa0 + i)),
      tell: (level, message, about) => {
        this.told.push({ level, message, about });
        this.#heard();
      },
    };
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass on both clocks, and fires what is due in order. */
  pass(ms: number): void {
    const endMs = this.monoMs + ms;
    for (;;) {
      const [first] = [...this.#timers].sort((a, b) => a[1] - b[1]);
      if (first === undefined || first[1] > endMs) break;
      this.#timers.delete(first[0]);
      this.#go(first[1]);
      first[0]();
    }
    this.#go(endMs);
  }

  /** Resolves when this was told so often. */
  async heard(message: string, count = 1): Promise<Told> {
    for (;;) {
      const found = this.told.filter((one) => one.message === message);
      if (found.length >= count) return found.at(-1) as Told;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  warnings(): string[] {
    return this.told.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  #go(monoMs: number): void {
    this.localMs += Math.max(0, monoMs - this.monoMs);
    this.monoMs = Math.max(this.monoMs, monoMs);
  }
}
