import { shapeOf } from './engine/indexes/shapeOf.js';
import type { QueriedResult } from './engine/ports.js';
import type { Logger } from './utils/logger.js';

/**
 * Logs queries whose first result took long, with their shape and the way to their rows, and without any value (QRY-11). The engine
 * has no clock: it names the results that it makes, and the time is that of the input which asked for them.
 */
export class SlowQueryLog {
  readonly #logger: Logger;
  readonly #thresholdMs: number;
  readonly #onMade: (made: QueriedResult, ms: number) => void;
  readonly #monoMs: () => number;
  /** one at most: an input asks for one result */
  readonly #made: QueriedResult[] = [];

  /** `onMade` is told of every result that was made, slow or not. */
  constructor(
    logger: Logger,
    thresholdMs: number,
    onMade: (made: QueriedResult, ms: number) => void = () => undefined,
    monoMs: () => number = () => performance.now(),
  ) {
    this.#logger = logger;
    this.#onMade = onMade;
    this.#thresholdMs = thresholdMs;
    this.#monoMs = monoMs;
  }

  /** Runs an input of the engine; logs what it made if that took long. */
  watch(run: () => void): void {
    const begunMs = this.#monoMs();
    this.#made.length = 0;
    run();
    const [made] = this.#made;
    if (made === undefined) return;
    const ms = this.#monoMs() - begunMs;
    this.#onMade(made, ms);
    if (ms < this.#thresholdMs) return;
    const { conn, map, spec, explanation } = made;
    const { path, examined, found } = explanation;
    const about = { conn, map, ms: Math.round(ms), query: shapeOf(spec), path: path.kind, examined, found };
    this.#logger.warn(about, 'slow query');
  }

  /** Told by the engine within an input. */
  queried(result: QueriedResult): void {
    this.#made.push(result);
  }
}
