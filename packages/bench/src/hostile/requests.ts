/** What a process of attackers does. */
export interface HostileRequest {
  /** attack: opens the sockets, and opens each again that is cut. rest: closes them all. count: says how many stand. */
  readonly what: 'attack' | 'rest' | 'count';
  readonly port: number;
  readonly sockets: number;
}

export interface HostileAnswer {
  /** open now, by kind */
  readonly open: Readonly<Record<string, number>>;
  /** opened and cut so far */
  readonly opened: number;
  readonly cut: number;
}

/** What the process of well-behaved clients does. */
export interface GoodRequest {
  readonly what: 'connect' | 'run';
  readonly port: number;
  readonly clients: number;
  readonly milliseconds: number;
}

/** From a write to its durable answer. */
export interface GoodAnswer {
  readonly writes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
