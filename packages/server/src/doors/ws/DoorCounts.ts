/** What the door has done so far; for metrics, so all of it only ever grows. */
export class DoorCounts {
  accepted = 0;
  framesIn = 0;
  framesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** writes to sockets, each of all frames of a turn */
  writes = 0;
  /** messages made frames, however many connections hear them */
  encoded = 0;
  /** messages of topics without a log that a connection did not get because it was behind */
  dropped = 0;
  /** connections closed because they did not take what they were sent */
  slowClosed = 0;
  /** tokens refused */
  authFailures = 0;
  /** connections that ended, by the server's close code; peer: by the other side */
  readonly closed = new Map<string, number>();

  close(how: string): void {
    this.closed.set(how, (this.closed.get(how) ?? 0) + 1);
  }
}

/** What the door measures when it happens. */
export interface DoorMeter {
  /** a message is made ready to be sent so long after it was accepted, on whatever node */
  lagged(ms: number): void;
  /** a connection was open for so long */
  lasted(ms: number): void;
}
