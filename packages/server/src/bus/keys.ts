import { tagOfPartition } from './partitionTags.js';

/**
 * The names of one deployment in Redis; all of a partition carry its hash tag, so they lie in one slot. `prefix` keeps deployments apart.
 *
 * `<prefix>:{<tag>}:live` channel · `…:place` hash: epoch and last offset of the partition · `…:log:<topic>` stream: the messages ·
 * `…:meta:<topic>` hash: what the log of the topic is and was · `…:ids:<topic>` sorted set: offsets by message id · `…:ping:<node>`
 * channel: what a node sends to itself · `…:replicated` text: written before replicas are asked how far they are.
 */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  live(partition: number): string {
    return this.#of(partition, 'live');
  }

  place(partition: number): string {
    return this.#of(partition, 'place');
  }

  log(partition: number, topic: string): string {
    return this.#of(partition, `log:${topic}`);
  }

  meta(partition: number, topic: string): string {
    return this.#of(partition, `meta:${topic}`);
  }

  ids(partition: number, topic: string): string {
    return this.#of(partition, `ids:${topic}`);
  }

  /** Written before replicas are asked how far they are; expires. */
  replicated(partition: number): string {
    return this.#of(partition, 'replicated');
  }

  ping(partition: number, node: string): string {
    return this.#of(partition, `ping:${node}`);
  }

  #of(partition: number, rest: string): string {
    return `${this.#prefix}:{${tagOfPartition(partition)}}:${rest}`;
  }
}
