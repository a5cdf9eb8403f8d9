import { barrierNumbersOf } from './linkGuards.js';
import type { NodeLinks } from './ports.js';

/** The frames of the channel `barrier`: what has been sent before the answer has arrived with it. */
type BarrierFrame =
  | { readonly say: 'asked'; readonly number: number }
  | { readonly say: 'answered'; readonly number: number; readonly version: number };

/** The version of whoever cannot tell what it has committed: it has begun anew under its name and is no member yet, or was fenced. */
const NO_ANSWER = 0;

/** What the nodes that are linked have answered. */
export interface Asked {
  /** none of the links was lost meanwhile, and all who answered are members */
  readonly isSure: boolean;
  /** the newest map that one of them knows */
  readonly version: number;
  /** who was linked when the question was put: a link that begins meanwhile says nothing of what was before */
  readonly nodes: ReadonlySet<string>;
}

/** The node that is asked. */
export interface AskedNode {
  readonly isReady: boolean;
  readonly version: number;
  /** its own flush that began last */
  readonly flush: number;
  /** Whether it is known what became of a flush: others may have read it from the database before the node hears of it. */
  isSettled(flush: number): boolean;
  /** It is no member any more: what it had begun to commit it may have to wait for for long, and does not take in by itself. */
  readonly isFenced: boolean;
}

interface Question {
  readonly nodes: ReadonlySet<string>;
  readonly waiting: Set<string>;
  isSure: boolean;
  version: number;
  readonly resolve: (asked: Asked) => void;
}

/** Asks all nodes that are linked for a sign, and answers them: a link keeps its order, so what they had said before is here with it (CLU-23). */
export class Questions {
  readonly #links: NodeLinks;
  readonly #self: () => AskedNode;
  readonly #open = new Map<number, Question>();
  /** asked while this node was about to take partitions over, or had a commit under way: it may not know yet what was committed */
  #unanswered: (readonly [node: string, number: number, flush: number])[] = [];
  #number = 0;

  constructor(links: NodeLinks, self: () => AskedNode) {
    this.#links = links;
    this.#self = self;
    links.read('barrier', (from, message) => this.#heard(from, barrierNumbersOf<BarrierFrame>(message)));
  }

  /** Resolves when every node that is linked now has answered, or its link is lost. */
  ask(): Promise<Asked> {
    const nodes = new Set(this.#links.up);
    if (nodes.size === 0) return Promise.resolve({ isSure: true, version: 0, nodes });
    const number = ++this.#number;
    return new Promise((resolve) => {
      const waiting = new Set(nodes);
      const question: Question = { nodes, waiting, isSure: true, version: 0, resolve };
      this.#open.set(number, question);
      for (const node of nodes) {
        const frame: BarrierFrame = { say: 'asked', number };
        if (this.#links.send(node, 'barrier', frame)) continue;
        waiting.delete(node);
        question.isSure = false;
      }
      this.#settle(number, question);
    });
  }

  /** Links, or what this node is about, may have changed. */
  review(): void {
    for (const [number, question] of this.#open) {
      for (const node of [...question.waiting]) {
        if (this.#links.up.has(node)) continue;
        question.waiting.delete(node);
        question.isSure = false;
      }
      this.#settle(number, question);
    }
    const self = this.#self();
    if (!self.isReady && !self.isFenced) return;
    const asked = this.#unanswered;
    this.#unanswered = [];
    for (const question of asked) {
      const [node, number, flush] = question;
      const version = self.isFenced ? NO_ANSWER : self.version;
      if (!self.isFenced && !self.isSettled(flush)) this.#unanswered.push(question);
      else this.#links.send(node, 'barrier', { say: 'answered', number, version } satisfies BarrierFrame);
    }
  }

  stop(): void {
    for (const { resolve, version, nodes } of this.#open.values()) resolve({ isSure: false, version, nodes });
    this.#open.clear();
  }

  #heard(from: string, frame: BarrierFrame): void {
    if (frame.say === 'asked') {
      this.#unanswered.push([from, frame.number, this.#self().flush]);
      this.review();
      return;
    }
    const question = this.#open.get(frame.number);
    if (question === undefined) return;
    question.version = Math.max(question.version, frame.version);
    if (frame.version === NO_ANSWER) question.isSure = false;
    question.waiting.delete(from);
    this.#settle(frame.number, question);
  }

  #settle(number: number, { nodes, waiting, isSure, version, resolve }: Question): void {
    if (waiting.size > 0) return;
    this.#open.delete(number);
    resolve({ isSure, version, nodes });
  }
}
