/** What the driver asks a child. */
export type Ask = 'state' | 'stop';

/** How the server stands. */
export interface ServerState {
  /** of all records but those that the neighbour writes */
  readonly fingerprint: string;
  readonly maps: number;
  /** refused messages and ops by code, since the start */
  readonly refused: Readonly<Record<string, number>>;
  /** longest time the event loop was busy at a stretch since the last report, in ms */
  readonly blockMs: number;
  readonly rssBytes: number;
  /** exceptions and promises that nobody caught, and fatal ends */
  readonly faults: readonly string[];
}

/** What the neighbour saw. */
export interface NeighbourReport {
  readonly pings: number;
  readonly pingP99Ms: number;
  readonly pingMaxMs: number;
  /** by how much its own timers were late: the machine's doing, and in every ping, too */
  readonly lateP99Ms: number;
  readonly writes: number;
  readonly writeP99Ms: number;
  readonly faults: readonly string[];
}
