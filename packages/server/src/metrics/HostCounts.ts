/** A count by label, of labels that form a closed set. */
export class CountByLabel {
  readonly #counts = new Map<string, number>();

  add(label: string, by = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + by);
  }

  [Symbol.iterator](): IterableIterator<readonly [label: string, count: number]> {
    return this.#counts.entries();
  }
}

/** What the shells around the engine count; read at a scrape. */
export class HostCounts {
  accepted = 0;
  /** by HTTP status */
  readonly handshakesRefused = new CountByLabel();
  /** by close code, `peer` for those that the other side ended */
  readonly closed = new CountByLabel();
  /** by type of message */
  readonly messages = new CountByLabel();
  /** by path of the route */
  readonly httpRequests = new CountByLabel();
  /** by status */
  readonly httpAnswers = new CountByLabel();
  /** events of other services, by what became of them */
  readonly webhooksIn = new CountByLabel();
  /** tries to deliver events outside, by result */
  readonly webhooksOut = new CountByLabel();
}
