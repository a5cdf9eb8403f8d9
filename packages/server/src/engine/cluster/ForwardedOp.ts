import { CONCERN, type OpRow, type OpsMessage } from '@topgun/protocol';
import type { Connection } from '../Connection.js';
import type { Route } from './Routes.js';

/** What the ops of one frame have in common. */
export interface OpsFrame extends Omit<OpsMessage, 'rows'> {
  readonly conn: Connection;
  /** frames in the order in which they came */
  readonly order: number;
  /** of one of its ops, about */
  readonly bytes: number;
  /** the same for ops whose writer was told early and now waits for the end alone */
  told?: OpsFrame;
}

/** An op that its owner has not answered yet, or that waits for one. */
export class ForwardedOp {
  frame: OpsFrame;
  readonly row: OpRow;
  readonly pid: number;
  /** the map that its gateway went by when it sent it here; 0 of this node's own clients */
  version: number;
  /** undefined: it waits */
  sentOn: Route | undefined;
  /** version of the map that it was sent by */
  sentBy = 0;
  /** epoch of the ownership that it was sent to */
  sentAt = 0;
  /** when it was sent last, ms */
  sentMs = 0;

  constructor(frame: OpsFrame, row: OpRow, pid: number, version: number) {
    this.frame = frame;
    this.row = row;
    this.pid = pid;
    this.version = version;
  }

  get conn(): Connection {
    return this.frame.conn;
  }

  /** Its gateway has sent it once more: it goes back by no older map than that, which its gateway would pass over. */
  comesAgain(version: number): true {
    this.version = Math.max(this.version, version);
    return true;
  }

  /** Nothing early is owed to its writer any more, wherever it is sent. */
  waitsForTheEnd(): void {
    if (this.frame.concern === CONCERN.PERSISTED) return;
    this.frame.told ??= { ...this.frame, concern: CONCERN.PERSISTED };
    this.frame = this.frame.told;
  }

  get seq(): number {
    return this.row[0];
  }
}
