/** About 2 ms of work where each holds megabytes. */
const CUTS_AT_ONCE = 4;
/** So they take a tenth of the event loop, and 200 sockets go in a second. */
const EACH_MS = 20;

/**
 * Cuts sockets, a few at a time. With a socket that stood still the system frees megabytes of its buffers, in half a millisecond, and a
 * crowd that stopped reading at one moment is due at one moment too: cut in one turn, a thousand held all others for half a second (FLOW-6).
 */
export class PacedCuts {
  readonly #due = new Set<{ destroy(): void }>();
  #timer: NodeJS.Timeout | undefined;

  add(socket: { destroy(): void }): void {
    this.#due.add(socket);
    if (this.#timer === undefined) this.#cutSome();
  }

  /** Cuts what is left, now. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const socket of this.#due) socket.destroy();
    this.#due.clear();
  }

  #cutSome(): void {
    let left = CUTS_AT_ONCE;
    for (const socket of this.#due) {
      if (left-- === 0) break;
      this.#due.delete(socket);
      socket.destroy();
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#due.size > 0) this.#cutSome();
    }, EACH_MS);
    this.#timer.unref();
  }
}
