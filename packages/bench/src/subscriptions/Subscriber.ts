import { type OpRow, QUERY_CHANGE, type QueryUpdateMessage, type ServerMessage } from '@topgun/protocol';
import { Device } from '../server/Device.js';
import { type Sharing, subscriptionOf, type VersionedRecord } from './workload.js';

export interface SubscriberListener {
  /** a row came in or changed */
  delta(version: number): void;
  /** some message was taken in */
  answer(): void;
}

/** One client: ten subscriptions, each held as the server's messages make it. */
export class Subscriber {
  readonly device: Device;
  readonly index: number;
  /** of each subscription: version by key */
  readonly held: Map<string, number>[] = [];
  /** ops that are answered, all of them before the first that is not */
  answered = 0;
  /** subscriptions whose first result is complete */
  open = 0;
  #seq = 1;
  readonly #versions: number[] = [];
  readonly #listener: SubscriberListener;
  #sharing: Sharing = 'distinct';

  constructor(port: number, index: number, listener: SubscriberListener) {
    this.index = index;
    this.#listener = listener;
    this.device = new Device(port, index, { message: (message) => this.#received(message) });
  }

  get sent(): number {
    return this.#seq - 1;
  }

  subscribe(k: number, sharing: Sharing): void {
    this.#sharing = sharing;
    this.held[k] = new Map();
    this.#versions[k] = 0;
    this.device.send(subscriptionOf(this.index, k, sharing));
  }

  /** Sends ops that `make` makes from their numbers, in one frame. */
  write(count: number, make: (seq: number, i: number) => OpRow): void {
    const rows = Array.from({ length: count }, (_, i) => make(this.#seq++, i));
    const { session, incarnation } = this.device;
    this.device.send({
      type: 'OPS',
      session,
      settledBelow: this.answered + 1,
      incarnation,
      concern: 4,
      maps: ['bench'],
      rows,
    });
  }

  #received(message: ServerMessage): void {
    if (message.type === 'QUERY_UPDATE') this.#updated(message);
    else if (message.type === 'OP_ACK') {
      for (const [, count, outcome] of message.spans) {
        if (outcome !== 0) throw new Error(`The server answered a write of the load with outcome ${outcome}`);
        this.answered += count;
      }
      this.#listener.answer();
    } else if (message.type === 'QUERY_RESP') {
      const held = this.#heldOf(message.query);
      for (const [, , row] of message.rows) held.set(row[1], (row[5] as VersionedRecord).version);
      if (!message.last) return;
      this.open++;
      this.#listener.answer();
    } else if (message.type === 'ERROR') {
      const { code, ref, retryAfterMs } = message;
      if (code !== 'UNAVAILABLE' || ref === undefined || retryAfterMs === undefined)
        throw new Error(`The server refused the load: ${code} ${message.message}`);
      setTimeout(() => this.subscribe(kOf(ref), this.#sharing), retryAfterMs);
    }
  }

  #updated({ query, v, changes }: QueryUpdateMessage): void {
    const k = kOf(query);
    this.#versions[k] = (this.#versions[k] ?? 0) + 1;
    if (v !== this.#versions[k]) throw new Error(`An update of ${query} is missing before version ${v}`);
    const held = this.#heldOf(query);
    for (const [change, , , row] of changes) {
      const [, key] = row;
      if (change === QUERY_CHANGE.LEAVE) {
        if (!held.delete(key)) throw new Error(`A row left ${query} that was not in it`);
        continue;
      }
      if ((change === QUERY_CHANGE.UPDATE) !== held.has(key))
        throw new Error(`A row of ${query} came as the wrong kind of change`);
      const { version } = row[5] as VersionedRecord;
      held.set(key, version);
      this.#listener.delta(version);
    }
    this.#listener.answer();
  }

  #heldOf(query: string): Map<string, number> {
    const held = this.held[kOf(query)];
    if (held === undefined) throw new Error(`Nobody asked for ${query}`);
    return held;
  }
}

const kOf = (query: string): number => Number(query.slice('query-'.length));
