import { utf8Length } from '@topgun/core';
import { valueToJson } from '@topgun/protocol';
import { anyMapPattern } from '../../security/policy/mapPattern.js';
import type { View } from '../../security/policy/View.js';
import { isRevocation } from '../../security/revocation/revocationFacts.js';
import type { MetaRow } from '../../storage/Store.js';
import type { Gate } from '../Gate.js';
import type { ServerEffects } from '../ports.js';
import { type Row, readableOf } from '../Row.js';
import { type Delivery, outboxNames, type Subscription } from './Delivery.js';

export interface OutboxLimits {
  /** deliveries of one subscription that may wait */
  readonly webhookWaiting: number;
  /** bytes of the bodies of all that wait */
  readonly webhookOutboxBytes: number;
}

export interface OutboxParts {
  readonly gate: Gate;
  readonly staging: { stageMeta(name: string, value: unknown, now: number): void };
  readonly effects: Pick<ServerEffects, 'outboxStored'>;
  readonly limits: OutboxLimits;
  readonly wall: { readonly nowMs: number };
  readonly table: { readonly mark: string };
}

/** A subscription, ready to be asked about rows. */
interface Listener {
  readonly subscription: Subscription;
  readonly isAbout: (map: string) => boolean;
  readonly views: Map<string, View>;
  /** deliveries that wait, made or durable */
  waiting: number;
}

/** What is told of one event. */
export interface EventText {
  readonly type: string;
  readonly data: object;
}

/** Maps whose views one subscription keeps ready. */
const VIEWS_MAX = 256;

/**
 * What is to be told to addresses outside: makes the deliveries of a commit, which are stored with it (HOOK-22). Sending them is the
 * shell's, which hears of everything that has become durable, and has its own facts stored by `stage`.
 */
export class Outbox {
  /** deliveries that found no room, by subscription */
  readonly dropped = new Map<string, number>();
  readonly #parts: OutboxParts;
  readonly #listeners = new Map<string, Listener>();
  /** bytes of what waits, by id */
  readonly #waiting = new Map<string, { readonly to: string; readonly bytes: number }>();
  #bytes = 0;
  #policies: unknown;
  #numbers = 0;

  constructor(parts: OutboxParts, meta: ReadonlyMap<string, unknown>) {
    this.#parts = parts;
    // Subscriptions first, for their deliveries count by them.
    for (const [name, value] of meta) if (outboxNames.isSubscription(name)) this.#stored(name, value);
    for (const [name, value] of meta) if (outboxNames.isDelivery(name)) this.#stored(name, value);
  }

  /** A fact of the shell goes with the next commit; null takes it back. */
  stage(name: string, value: unknown): void {
    this.#parts.staging.stageMeta(name, value, this.#parts.wall.nowMs);
  }

  /** Makes a delivery of an event that is no row; false when there is no room for it. */
  tell(to: string, event: EventText): boolean {
    const listener = this.#listeners.get(to);
    const made = listener && this.#deliver(listener, event);
    if (made !== undefined) this.stage(made.name, made.value);
    return made !== undefined;
  }

  /** The deliveries of rows that are being flushed: stored with them or not at all. */
  deliveriesOf(rows: Iterable<readonly Row[]>): MetaRow[] {
    const made: MetaRow[] = [];
    if (this.#listeners.size === 0) return made;
    this.#forgetViews();
    for (const some of rows)
      for (const row of some)
        for (const listener of this.#listeners.values()) {
          const { subscription, isAbout } = listener;
          if (subscription.goneMs !== undefined || !isAbout(row.map)) continue;
          const event = eventOf(row, this.#viewOf(listener, row.map));
          const delivery = event && this.#deliver(listener, event);
          if (delivery !== undefined) made.push(delivery);
        }
    return made;
  }

  /** The flush failed: its deliveries are as if they had never been made. */
  undone(rows: readonly MetaRow[]): void {
    for (const { name } of rows) this.#forget(name);
  }

  /** A commit is durable, with these facts in it. */
  committed(meta: ReadonlyMap<string, unknown>): void {
    let ours: Map<string, unknown> | undefined;
    for (const [name, value] of meta) {
      if (!outboxNames.isOurs(name) && !isRevocation(name)) continue;
      this.#stored(name, value);
      ours ??= new Map();
      ours.set(name, value);
    }
    if (ours !== undefined) this.#parts.effects.outboxStored?.(ours);
  }

  #stored(name: string, value: unknown): void {
    if (outboxNames.isDelivery(name)) {
      // Written by this class or its shell, here or in an earlier life of the node.
      const delivery = value as Delivery | null;
      if (delivery === null || delivery.deadMs !== undefined) this.#forget(name);
      else this.#wait(name, delivery);
    } else if (outboxNames.isSubscription(name)) {
      const id = name.slice(outboxNames.subscription('').length);
      if (value === null) {
        this.#listeners.delete(id);
        this.dropped.delete(id);
        return;
      }
      const subscription = value as Subscription;
      const waiting = this.#listeners.get(id)?.waiting ?? 0;
      const isAbout = anyMapPattern(subscription.maps);
      this.#listeners.set(id, { subscription, isAbout, views: new Map(), waiting });
    }
  }

  #wait(name: string, { to, body }: Delivery): void {
    if (this.#waiting.has(name)) return;
    const bytes = utf8Length(body);
    this.#waiting.set(name, { to, bytes });
    this.#bytes += bytes;
    const listener = this.#listeners.get(to);
    if (listener !== undefined) listener.waiting++;
  }

  #forget(name: string): void {
    const known = this.#waiting.get(name);
    if (known === undefined) return;
    this.#waiting.delete(name);
    this.#bytes -= known.bytes;
    const listener = this.#listeners.get(known.to);
    if (listener !== undefined) listener.waiting--;
  }

  /** A delivery that counts as waiting from now on; undefined when there is no room (HOOK-36). */
  #deliver(listener: Listener, { type, data }: EventText): MetaRow | undefined {
    const { limits, table, wall } = this.#parts;
    const now = wall.nowMs;
    const { id: to } = listener.subscription;
    const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data });
    const isFull = this.#bytes + utf8Length(body) > limits.webhookOutboxBytes;
    if (isFull || listener.waiting >= limits.webhookWaiting) {
      this.dropped.set(to, (this.dropped.get(to) ?? 0) + 1);
      return undefined;
    }
    const id = `msg_${to}_${table.mark}_${(++this.#numbers).toString(36)}`;
    const delivery: Delivery = { id, to, body, atMs: now, tries: 0, dueMs: now };
    const name = outboxNames.delivery(id);
    this.#wait(name, delivery);
    return { name, value: delivery };
  }

  #viewOf({ subscription, views }: Listener, map: string): View {
    let view = views.get(map);
    if (view === undefined) {
      view = this.#parts.gate.rightsOf(subscription.by, map).view;
      if (views.size >= VIEWS_MAX) views.clear();
      views.set(map, view);
    }
    return view;
  }

  /** Policies of the moment decide. */
  #forgetViews(): void {
    const { policies } = this.#parts.gate;
    if (policies === this.#policies) return;
    this.#policies = policies;
    for (const { views } of this.#listeners.values()) views.clear();
  }
}

/** What is told of a row that takes the place of the durable one; undefined where neither is seen. */
function eventOf(row: Row, view: View): EventText | undefined {
  const { map, key, tag, kind, epoch, n } = row;
  const about = { map, key, ...(tag !== undefined && { tag }), version: [epoch, n] };
  const seen = view.project(readableOf(row));
  if (seen !== undefined) {
    const value = kind === 'PN' ? seen : valueToJson(seen);
    return { type: 'record.put', data: { ...about, value } };
  }
  const before = view.project(readableOf(row.slot?.committed));
  return before === undefined ? undefined : { type: 'record.removed', data: about };
}
