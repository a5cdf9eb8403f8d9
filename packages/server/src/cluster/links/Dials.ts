import { LIMITS } from '@topgun/protocol';
import type { NodeInfo } from '../ports.js';

/** What is known of dialling one node. */
interface Dial {
  node: NodeInfo;
  /** when it may be dialled again */
  dueMs: number;
  /** failures since it was linked last */
  failures: number;
  isUnderWay: boolean;
}

/**
 * Whom a node dials, and when: all nodes of the map that it has no link to, each one again after growing pauses of which a part is
 * chance, so that nodes that lost each other together do not come back in step. Of two nodes both may dial, for one may be hidden from the other; the one whose name is the later
 * waits a moment first, so that mostly one does.
 */
export class Dials {
  readonly #self: string;
  readonly #random: () => number;
  readonly #dials = new Map<string, Dial>();

  /** `random` gives numbers from 0 up to 1. */
  constructor(self: string, random: () => number) {
    this.#self = self;
    this.#random = random;
  }

  /** The nodes of the map, this one among them or not. */
  setNodes(nodes: readonly NodeInfo[], nowMs: number): void {
    const names = new Set(nodes.map(({ name }) => name));
    for (const name of this.#dials.keys()) if (!names.has(name)) this.#dials.delete(name);
    for (const node of nodes) {
      if (node.name === this.#self) continue;
      const known = this.#dials.get(node.name);
      if (known === undefined) this.#begin(node, nowMs);
      else {
        const isOther = known.node.boot !== node.boot || known.node.address !== node.address;
        known.node = node;
        // What failed was another start of it.
        if (isOther && !known.isUnderWay) Object.assign(known, { failures: 0, dueMs: nowMs });
      }
    }
  }

  /** Other nodes of the map. */
  names(): IterableIterator<string> {
    return this.#dials.keys();
  }

  /** Those to be dialled now; each is under way from then on. */
  due(nowMs: number, linked: { has(name: string): boolean }): NodeInfo[] {
    const due: NodeInfo[] = [];
    for (const [name, dial] of this.#dials) {
      if (dial.isUnderWay || linked.has(name) || dial.dueMs > nowMs) continue;
      dial.isUnderWay = true;
      due.push(dial.node);
    }
    return due;
  }

  failed(name: string, nowMs: number): void {
    const dial = this.#dials.get(name);
    if (dial === undefined) return;
    const pauseMs = Math.min(LIMITS.linkRetryMs * 2 ** dial.failures, LIMITS.linkRetryMsMax);
    dial.isUnderWay = false;
    dial.failures++;
    dial.dueMs = nowMs + (pauseMs * (1 + this.#random())) / 2;
  }

  succeeded(name: string): void {
    const dial = this.#dials.get(name);
    if (dial === undefined) return;
    dial.failures = 0;
    dial.isUnderWay = false;
  }

  /** The link that there was is gone. */
  lost(name: string, nowMs: number): void {
    const dial = this.#dials.get(name);
    if (dial !== undefined && !dial.isUnderWay) dial.dueMs = nowMs + this.#headStartMs(name);
  }

  #begin(node: NodeInfo, nowMs: number): void {
    const dueMs = nowMs + this.#headStartMs(node.name);
    this.#dials.set(node.name, { node, dueMs, failures: 0, isUnderWay: false });
  }

  #headStartMs(name: string): number {
    return this.#self < name ? 0 : LIMITS.linkYieldMs;
  }
}
