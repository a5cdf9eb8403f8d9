import { appendFileSync } from 'node:fs';

/** One op, and what its client was told of it in the end. */
export interface Told {
  readonly client: string;
  readonly op: string;
  readonly map: string;
  readonly id: number;
  /** until it was told */
  readonly ms: number;
  readonly outcome: string;
}

const LINES_PER_WRITE = 1_000;

/** What all clients together have done and seen. */
export class Story {
  /** what must not be */
  readonly faults: string[] = [];
  /** what clients told their apps beside that, and how often */
  readonly troubles = new Map<string, number>();
  /** ops answered as durable */
  answered = 0;
  /** how often a listener was told that it had missed messages */
  unrecovered = 0;
  readonly #file: string | undefined;
  readonly #lines: string[] = [];
  #id = 0;

  /** `file`: where each op is written to, a line of JSON for each. */
  constructor(file?: string) {
    this.#file = file;
  }

  nextId(): number {
    return ++this.#id;
  }

  note(told: Told): void {
    if (this.#file === undefined) return;
    this.#lines.push(JSON.stringify({ at: Date.now(), ...told }));
    if (this.#lines.length >= LINES_PER_WRITE) this.flush();
  }

  flush(): void {
    if (this.#file === undefined || this.#lines.length === 0) return;
    appendFileSync(this.#file, `${this.#lines.splice(0).join('\n')}\n`);
  }
}
