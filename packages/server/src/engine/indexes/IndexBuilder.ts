import type { MapState } from '../MapState.js';

/** Builds the indexes of all maps, a slice at a time, so that no write waits for it (QRY-7). */
export class IndexBuilder {
  readonly #waiting = new Set<MapState>();
  readonly #rowsAtOnce: number;

  constructor(rowsAtOnce: number) {
    this.#rowsAtOnce = rowsAtOnce;
  }

  /** Whether there is anything left to build. */
  get isDue(): boolean {
    return this.#waiting.size > 0;
  }

  add(map: MapState): void {
    this.#waiting.add(map);
  }

  /** A map that nobody has use for any more. */
  remove(map: MapState): void {
    this.#waiting.delete(map);
  }

  /** One slice. */
  run(): void {
    const [map] = this.#waiting;
    if (map?.indexes.buildSome(this.#rowsAtOnce) === true) this.#waiting.delete(map);
  }
}
