import { randomUUID } from 'node:crypto';
import { type HttpPosition, TopGunHttp, TopGunHttpError } from '@topgun/client/http';
import type { ClusterNodes } from '../cluster/ClusterNodes.js';
import { until } from '../rolling/until.js';

const EVERY_MS = 40;
const STREAMS = 3;
const ACCEPTED_MS = 30_000;

/** A message that a node has accepted. */
export interface Accepted extends HttpPosition {
  readonly topic: string;
  readonly id: string;
  /** number of the node */
  readonly at: number;
}

/** Publishes to a mailbox and to streams, at each node in turn, and remembers what was accepted where. What is not answered may appear, or not. */
export class TopicLoad {
  readonly accepted: Accepted[] = [];
  /** what may not be answered while all is well */
  readonly faults: string[] = [];
  readonly nodes: readonly TopGunHttp[];
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(cluster: ClusterNodes) {
    this.nodes = Array.from({ length: cluster.count }, (_, at) => {
      const url = cluster.url(at).replace('ws:', 'http:');
      return new TopGunHttp({ url, token: cluster.token, retries: 0 });
    });
  }

  static topicsOf(round: number): readonly string[] {
    return [`mailbox/${round}`, ...Array.from({ length: STREAMS }, (_, nth) => `stream/${round}-${nth}`)];
  }

  start(round: number): void {
    const topics = TopicLoad.topicsOf(round);
    this.#timer = setInterval(() => {
      const turn = this.#turn++;
      const at = turn % this.nodes.length;
      const topic = topics[Math.floor(turn / this.nodes.length) % topics.length] as string;
      const published = this.publish(topic, at).catch((error: unknown) => {
        // Without an answer nothing was promised.
        if (error instanceof TopGunHttpError && error.code === 'NETWORK') return;
        this.faults.push(`a publish to ${topic} at node ${at} was refused: ${String(error)}`);
      });
      this.#pending.add(published);
      void published.finally(() => this.#pending.delete(published));
    }, EVERY_MS);
  }

  /** Resolves when so many more are accepted. */
  acceptedMore(count: number): Promise<void> {
    const goal = this.accepted.length + count;
    return until('messages are accepted', ACCEPTED_MS, () => this.accepted.length >= goal);
  }

  /** No more is published; resolves when all of it is answered, or never will be. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  async publish(topic: string, at: number): Promise<void> {
    const node = this.nodes[at] as TopGunHttp;
    const { epoch, offset, id } = await node.publish(topic, { at }, { id: randomUUID() });
    this.accepted.push({ topic, id, at, epoch, offset });
  }
}
