import { LIMITS } from '@topgun/protocol';
import type { FeedFacts } from './ports.js';

type Facts = ReadonlyMap<string, unknown>;

export interface FactLineParts {
  /** What nodes have made of facts, in the order in which the database has it; null = taken back. */
  readonly follow: (facts: Facts) => void;
  /** A revision is missing: the database is to be asked. */
  readonly look: () => void;
}

/**
 * Puts facts in the order of their revisions (CLU-25). They come from many nodes, over links that know nothing of each other, and the
 * later one of a name stands; so nothing is taken in before all that was committed before it.
 */
export class FactLine {
  readonly #parts: FactLineParts;
  /** the last revision that is taken in */
  #at: number;
  readonly #waiting = new Map<number, Facts>();
  /** the last revision that another node has named */
  #until = 0;
  /** a revision is known to be there, and not which */
  #isBlind = false;

  constructor(at: number, parts: FactLineParts) {
    this.#at = at;
    this.#parts = parts;
  }

  get revision(): number {
    return this.#at;
  }

  get isBehind(): boolean {
    return this.#isBlind || this.#waiting.size > 0 || this.#at < this.#until;
  }

  /** A commit of another node. */
  take({ revision, facts }: FeedFacts): void {
    this.#note(revision, new Map(facts));
  }

  /** A commit of this node, whose facts hold here already. Where others come before it, it has its turn again after them. */
  mine(revision: number, facts: Facts): void {
    if (revision === this.#at + 1) {
      this.#at = revision;
      this.#goOn();
    } else this.#note(revision, facts);
  }

  /** Another node has got so far. */
  heard(revision: number): void {
    if (revision <= this.#at) return;
    this.#until = Math.max(this.#until, revision);
    this.#parts.look();
  }

  /** What the database has made of facts since `revision` was asked about. */
  read(revision: number, facts: Facts): void {
    this.#isBlind = false;
    if (revision > this.#at) {
      this.#at = revision;
      if (facts.size > 0) this.#parts.follow(facts);
    }
    for (const waiting of [...this.#waiting.keys()]) if (waiting <= this.#at) this.#waiting.delete(waiting);
    this.#goOn();
  }

  #note(revision: number, facts: Facts): void {
    if (revision === 0) return this.#blind();
    if (revision <= this.#at) return;
    if (this.#waiting.size >= LIMITS.clusterWaitingCommits) {
      this.#waiting.clear();
      return this.#blind();
    }
    this.#waiting.set(revision, facts);
    this.#goOn();
  }

  #blind(): void {
    this.#isBlind = true;
    this.#parts.look();
  }

  #goOn(): void {
    for (
      let facts = this.#waiting.get(this.#at + 1);
      facts !== undefined;
      facts = this.#waiting.get(this.#at + 1)
    ) {
      this.#waiting.delete(++this.#at);
      if (facts.size > 0) this.#parts.follow(facts);
    }
    // What is missing is mostly on its way over another link; the shell lets a moment pass before it asks.
    if (this.#waiting.size > 0) this.#parts.look();
  }
}
