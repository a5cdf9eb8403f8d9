/** Remembers what was last made of a list of frames: those who are sent the same follow each other when a turn is written. */
export class FramesMemo<T> {
  readonly #make: (frames: readonly Buffer[]) => T;
  #frames: readonly Buffer[] = [];
  #made: T | undefined;

  constructor(make: (frames: readonly Buffer[]) => T) {
    this.#make = make;
  }

  of(frames: readonly Buffer[]): T {
    if (this.#made === undefined || !isSame(frames, this.#frames)) {
      this.#frames = frames;
      this.#made = this.#make(frames);
    }
    return this.#made;
  }

  /** Holds nothing any more. */
  release(): void {
    this.#frames = [];
    this.#made = undefined;
  }
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
