const MARK = 'benchat';
const DIGITS = 16;
const DATA_BYTES = 256;
const MARKED = MARK.length + DIGITS;

/** What is published: 256 bytes of JSON, with the time at which it was due. */
export interface BenchMessage {
  readonly at: string;
  readonly text: string;
}

/** `dueNs` is of the monotonic clock, which all processes of a machine share on Linux. */
export function benchMessage(dueNs: bigint): BenchMessage {
  const at = `${MARK}${dueNs.toString().padStart(DIGITS, '0')}`;
  return { at, text: 'x'.repeat(DATA_BYTES - MARKED - '{"at":"","text":""}'.length) };
}

/**
 * Finds the messages in what a socket brings, whatever frames are around them, and tells the time of each. Works on bytes, so that the
 * generator costs little and does not get in the way of what is measured.
 */
export class MessageScanner {
  readonly #found: (dueNs: bigint) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(found: (dueNs: bigint) => void) {
    this.#found = found;
  }

  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(MARK, from, 'latin1');
      if (at < 0 || at + MARKED > bytes.length) {
        // What may be the beginning of a mark waits for its end.
        this.#rest = bytes.subarray(at < 0 ? Math.max(from, bytes.length - MARK.length + 1) : at);
        return;
      }
      from = at + MARKED;
      this.#found(BigInt(bytes.toString('latin1', at + MARK.length, from)));
    }
  }
}
