/** Which nodes listen to which topics, as they have said. */
export class Interests {
  readonly #nodesByTopic = new Map<string, Set<string>>();
  readonly #topicsByNode = new Map<string, Set<string>>();

  add(node: string, topics: readonly string[]): void {
    const own = this.#topicsByNode.get(node) ?? new Set();
    this.#topicsByNode.set(node, own);
    for (const topic of topics) {
      own.add(topic);
      const nodes = this.#nodesByTopic.get(topic);
      if (nodes === undefined) this.#nodesByTopic.set(topic, new Set([node]));
      else nodes.add(node);
    }
  }

  remove(node: string, topics: Iterable<string>): void {
    const own = this.#topicsByNode.get(node);
    for (const topic of topics) {
      own?.delete(topic);
      const nodes = this.#nodesByTopic.get(topic);
      nodes?.delete(node);
      if (nodes?.size === 0) this.#nodesByTopic.delete(topic);
    }
  }

  /** It is not linked any more. */
  drop(node: string): void {
    this.remove(node, this.#topicsByNode.get(node) ?? []);
    this.#topicsByNode.delete(node);
  }

  of(topic: string): Iterable<string> {
    return this.#nodesByTopic.get(topic) ?? [];
  }
}
