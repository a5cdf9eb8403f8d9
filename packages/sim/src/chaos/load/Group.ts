import { heldSet } from '../../checkers/laws/heldSet.js';

/** What a register of a client holds: only its client writes it, a higher number each time. */
export interface Counted {
  readonly n: number;
}

/** What one client of a group shows. */
export interface Shown {
  readonly name: string;
  readonly registers: readonly (readonly [key: string, value: Counted])[];
  readonly tags: readonly (readonly [key: string, ids: readonly number[]])[];
  readonly count: number;
  /** of the live query of the highest registers, if it has one */
  readonly top: readonly { readonly _key: string; readonly n: number }[] | undefined;
}

export const TOP = 5;

/** Maps that some clients share, and what these did to them and were answered, kept apart from the clients themselves. */
export class Group {
  readonly registers: string;
  readonly tags: string;
  readonly counter: string;
  /** by key: the number written last, and the highest that was answered as durable */
  readonly written = new Map<string, number>();
  readonly answered = new Map<string, number>();
  /** ids in the set: answered, taken out by somebody, answered to be out */
  readonly added = new Set<number>();
  readonly taken = new Set<number>();
  readonly removed = new Set<number>();
  /** what was added to the counter */
  sum = 0;

  constructor(name: string) {
    this.registers = `registers/${name}`;
    this.tags = `tags/${name}`;
    this.counter = `counters/${name}`;
  }

  get maps(): readonly string[] {
    return [this.registers, this.tags, this.counter];
  }

  /** What a client may not show once everything that was written is answered. */
  faultsOf(shown: Shown): string[] {
    const faults: string[] = [];
    const say = (fault: string): void => void faults.push(`${shown.name}: ${fault}`);
    const registers = new Map(shown.registers.map(([key, { n }]) => [key, n]));
    for (const [key, n] of this.written) {
      const found = registers.get(key);
      if ((found ?? 0) < (this.answered.get(key) ?? 0))
        say(`D1: ${this.registers}/${key} is ${found}, answered was ${this.answered.get(key)}`);
      else if (found !== n) say(`C1: ${this.registers}/${key} is ${found}, written was ${n}`);
    }
    const ids = shown.tags.flatMap(([, held]) => held);
    const held = new Set(ids);
    if (held.size < ids.length) say(`D4: ${this.tags} holds ${ids.length - held.size} ids twice`);
    const { lost, back } = heldSet(this, held);
    if (lost.length > 0) say(`D1: ${this.tags} lost ${lost.length} ids, the first is ${lost[0]}`);
    if (back.length > 0)
      say(`C6: ${this.tags} still holds ${back.length} removed ids, the first is ${back[0]}`);
    if (shown.count !== this.sum) say(`C7: ${this.counter} is ${shown.count}, added was ${this.sum}`);
    const expected = this.#top();
    const top = shown.top?.map(({ _key, n }) => `${_key} ${n}`).join();
    if (top !== undefined && top !== expected) say(`C9: the live query shows ${top}, and it is ${expected}`);
    return faults;
  }

  #top(): string {
    return [...this.written]
      .sort(([one, n], [other, m]) => m - n || (one < other ? -1 : 1))
      .slice(0, TOP)
      .map(([key, n]) => `${key} ${n}`)
      .join();
  }
}
