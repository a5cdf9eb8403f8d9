import { connect, type Socket } from 'node:net';
import { type Effect, means, type Rule } from './Effect.js';
import { Lane } from './Lane.js';

/** How much of what a dialler says is looked at for its name. */
const HEARD_BYTES = 4_096;

export interface WayParts {
  readonly from: Socket;
  /** the place that was dialled, and where it really listens */
  readonly to: string;
  readonly port: number;
  /** who dials, or the names of those who may: it is the first of them in what it says */
  readonly dialler: string | readonly string[];
  readonly random: () => number;
  /** The dialler has said its name. */
  readonly onName: () => void;
}

/** One connection between two places, as the rules have it. */
export class Way {
  readonly to: string;
  /** undefined until it has said its name: until then everything is carried */
  dialler: string | undefined;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #there: Lane;
  readonly #back: Lane;
  /** of the connections of its kind, which of them it is: 0 up to 1 */
  readonly #draw: number;
  #heard = '';
  /** one end has been told that the connection is gone, and the other has not */
  #isHalf = false;

  constructor({ from, to, port, dialler, random, onName }: WayParts) {
    this.to = to;
    this.#draw = random();
    this.#near = from;
    this.#far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [this.#near, this.#far]) {
      socket.setNoDelay(true);
      // The close that follows is what matters.
      socket.on('error', () => undefined);
    }
    if (typeof dialler === 'string') this.dialler = dialler;
    else
      from.on('data', (bytes: Buffer) => {
        if (this.dialler !== undefined || this.#heard.length > HEARD_BYTES) return;
        this.#heard += bytes.toString('latin1');
        this.dialler = firstOf(dialler, this.#heard);
        // Before these bytes go on: what is cut from the beginning carries nothing.
        if (this.dialler !== undefined) onName();
      });
    // After the listener above, which has to be the first to see them.
    this.#there = new Lane(this.#near, this.#far, random);
    this.#back = new Lane(this.#far, this.#near, random);
  }

  /** The direction from one place to another; undefined: this way joins others. */
  laneOf(from: string, to: string): Lane | undefined {
    if (this.dialler === from && this.to === to) return this.#there;
    return this.dialler === to && this.to === from ? this.#back : undefined;
  }

  judge(rules: Iterable<Rule>): void {
    const { dialler, to } = this;
    if (dialler === undefined) return;
    const there: Effect[] = [];
    const back: Effect[] = [];
    for (const rule of rules) {
      const { effect, share = 1 } = rule;
      const [isThere, isBack] = [means(rule, dialler, to), means(rule, to, dialler)];
      if (this.#draw >= share || (!isThere && !isBack)) continue;
      if (effect.type === 'cut') return this.reset();
      if (effect.type === 'half') continue;
      if (isThere) there.push(effect);
      if (isBack) back.push(effect);
    }
    if (this.#isHalf) return;
    this.#there.set(there);
    this.#back.set(back);
  }

  /** The second place of the rule loses the connection, the first one hears nothing of it. */
  halve(rule: Rule): void {
    const { dialler, to } = this;
    if (dialler === undefined || this.#draw >= (rule.share ?? 1)) return;
    const hold: readonly Effect[] = [{ type: 'hold' }];
    const [one] = rule.between;
    if (!means(rule, dialler, to) && !means(rule, to, dialler)) return;
    this.#isHalf = true;
    this.#there.set(hold);
    this.#back.set(hold);
    (one === dialler ? this.#far : this.#near).resetAndDestroy();
  }

  get isHalf(): boolean {
    return this.#isHalf;
  }

  reset(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  get isOver(): boolean {
    return this.#near.destroyed && this.#far.destroyed;
  }

  onOver(told: () => void): void {
    for (const socket of [this.#near, this.#far])
      socket.once('close', () => {
        if (this.isOver) told();
      });
  }
}

/** Which of the names comes first in a text. */
function firstOf(names: readonly string[], text: string): string | undefined {
  let found: string | undefined;
  let first = Infinity;
  for (const name of names) {
    const at = text.indexOf(name);
    if (at < 0 || at >= first) continue;
    first = at;
    found = name;
  }
  return found;
}
