import { describeWrite } from '../engine/describeWrite.js';
import { type PendingOp, partsOf, wholeOf } from '../engine/PendingOp.js';
import type { Rejection } from '../engine/ports.js';
import type { Realm } from '../engine/Realm.js';

/** A write that was taken back before it was sent, to make room for a newer one. */
export type DroppedWrite = Pick<Rejection, 'map' | 'key' | 'op' | 'payload'>;

/**
 * Takes back the oldest write of this tab that nobody else can know of, as if it had not been made (TX-2): its seq counts as
 * answered (SRV-5), its handle ends `rejected`. Ops that may have been sent are never taken, for the server may have them.
 */
export class UnsentWrites {
  readonly #realm: Realm;
  /** No own op below can be taken back: it is gone or may have been sent, for good. */
  #from = 1;

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /** The write taken back; undefined when there is none. */
  dropOldest(): DroppedWrite | undefined {
    const { log } = this.#realm;
    for (; this.#from <= log.lastSeq; this.#from++) {
      const op = log.own(this.#from);
      if (op && log.isFree(op)) return this.#drop(op);
    }
    return undefined;
  }

  #drop(op: PendingOp): DroppedWrite {
    const { log, replica } = this.#realm;
    for (const part of partsOf(op)) {
      // The oldest unsent op of a device is mostly the first of its key.
      const onKey = replica.maps.get(part.map)?.overlay.of(part.key) ?? [];
      const next = onKey[onKey.indexOf(part) + 1];
      if (next?.base?.[0] !== 1 || next.base[1] !== op.session || next.base[2] !== op.seq) continue;
      // What was written on top of it was written on what it was written on.
      next.base = part.base;
      log.rewrite(wholeOf(next));
    }
    log.remove(op);
    this.#realm.settle(op, 'rejected', 'BACKPRESSURE');
    return describeWrite(op);
  }
}
