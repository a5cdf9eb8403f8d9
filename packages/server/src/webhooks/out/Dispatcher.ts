import { LIMITS } from '@topgun/protocol';
import { type Delivery, outboxNames, type Subscription } from '../../engine/outbox/Delivery.js';
import type { DispatcherPorts, PostResult } from './ports.js';
import { Queue } from './Queue.js';
import { signDelivery } from './signDelivery.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Pause before each try, counted from the failure of the one before; what the Standard Webhooks propose (HOOK-31). */
export const TRY_AFTER_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

const GONE = 410;

/**
 * Sends what waits in the outbox: holds what is durable, tries what is due, and has stored what became of it. It knows of nothing that is not
 * durable, and forgets nothing before that is: so a process may end anywhere, and some tries are made twice (HOOK-33).
 */
export class Dispatcher {
  readonly #ports: DispatcherPorts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #queues = new Map<string, Queue>();
  /** every delivery that is stored, dead ones too; by id */
  readonly #deliveries = new Map<string, Delivery>();
  /** Those that were taken lately: nodes of a cluster may be told of a delivery once more before they are of its end (CLU-25). */
  readonly #taken = new Set<string>();
  #underWay = 0;
  #dead = 0;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  /** Deliveries of a subscription that wait or are being tried. */
  waitingOf(id: string): number {
    const queue = this.#queues.get(id);
    return queue === undefined ? 0 : queue.size + queue.underWay.size;
  }

  get waiting(): number {
    return this.#deliveries.size - this.#dead;
  }

  /** Those that were given up, the oldest first. */
  dead(): readonly Delivery[] {
    return [...this.#deliveries.values()]
      .filter(({ deadMs }) => deadMs !== undefined)
      .sort((a, b) => (a.deadMs ?? 0) - (b.deadMs ?? 0));
  }

  get deadCount(): number {
    return this.#dead;
  }

  /** Facts that are durable now, by their names: at the start all of them, then those of each commit. */
  stored(facts: Iterable<readonly [name: string, value: unknown]>): void {
    const list = [...facts];
    for (const [name, value] of list)
      if (outboxNames.isSubscription(name)) this.#storedSubscription(name, value);
    for (const [name, value] of list) if (outboxNames.isDelivery(name)) this.#storedDelivery(name, value);
    this.#forgetOldest();
    this.#pump();
  }

  /** Sends a dead letter again, with its id and the whole schedule; undefined when there is none of this id (HOOK-37). */
  replay(id: string): Delivery | undefined {
    const { deadMs, fault: _, ...dead } = this.#deliveries.get(id) ?? {};
    if (deadMs === undefined) return undefined;
    const again = { ...(dead as Delivery), tries: 0, dueMs: this.#ports.wallMs() };
    this.#put(again);
    return again;
  }

  /** No try is begun any more; what becomes of those under way is still stored. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #storedSubscription(name: string, value: unknown): void {
    const id = name.slice(outboxNames.subscription('').length);
    if (value === null) {
      this.#subscriptions.delete(id);
      this.#queues.delete(id);
      for (const delivery of this.#deliveries.values())
        if (delivery.to === id) this.#ports.stage(outboxNames.delivery(delivery.id), null);
      return;
    }
    // Written by the desk.
    const subscription = value as Subscription;
    this.#subscriptions.set(id, subscription);
    const queue = this.#queueOf(id);
    if (subscription.goneMs !== undefined && this.#isOurs(id))
      for (const delivery of queue.empty()) this.#bury(delivery, 'GONE');
  }

  #storedDelivery(name: string, value: unknown): void {
    const id = name.slice(outboxNames.delivery('').length);
    const before = this.#deliveries.get(id);
    // Written by the outbox or by this class.
    const delivery = value as Delivery | null;
    if (delivery !== null && (this.#taken.has(id) || isSame(before, delivery))) return;
    if (before?.deadMs !== undefined) this.#dead--;
    this.#deliveries.delete(id);
    // Another node may have sent it.
    if (before !== undefined) this.#queues.get(before.to)?.remove(id);
    if (delivery === null) return;
    const subscription = this.#subscriptions.get(delivery.to);
    if (subscription === undefined) return this.#ports.stage(name, null);
    this.#deliveries.set(id, delivery);
    if (delivery.deadMs !== undefined) this.#dead++;
    else if (subscription.goneMs !== undefined && this.#isOurs(delivery.to)) this.#bury(delivery, 'GONE');
    else this.#queueOf(delivery.to).add(delivery);
  }

  #isOurs(id: string): boolean {
    return this.#ports.isOurs?.(id) !== false;
  }

  #queueOf(id: string): Queue {
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = new Queue();
      this.#queues.set(id, queue);
    }
    return queue;
  }

  /** Begins all tries that are due, as many as may be under way, and arms for the next one. */
  #pump(): void {
    if (this.#isStopped) return;
    const nowMs = this.#ports.wallMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, queue] of this.#queues) {
      const subscription = this.#subscriptions.get(id);
      if (subscription === undefined || !this.#isOurs(id)) continue;
      while (
        this.#underWay < LIMITS.webhookTries &&
        queue.underWay.size < LIMITS.webhookTriesPerSubscription
      ) {
        const delivery = queue.take(nowMs);
        if (delivery === undefined) break;
        this.#try(subscription, queue, delivery, nowMs);
      }
      // What is due and has no place comes when a try ends.
      if (queue.dueMs !== undefined && queue.dueMs > nowMs) nextMs = Math.min(nextMs, queue.dueMs);
    }
    this.#cancel();
    this.#cancel =
      nextMs === Number.POSITIVE_INFINITY
        ? () => undefined
        : this.#ports.arm(nextMs - nowMs, () => this.#pump());
  }

  #try({ url, secrets }: Subscription, queue: Queue, delivery: Delivery, nowMs: number): void {
    const headers = signDelivery(delivery, secrets, nowMs);
    queue.underWay.add(delivery.id);
    this.#underWay++;
    const ended = (result: PostResult): void => {
      queue.underWay.delete(delivery.id);
      this.#underWay--;
      this.#ended(delivery, result);
      this.#pump();
    };
    this.#ports.out
      .post(url, headers, delivery.body, LIMITS.webhookTryMs)
      .then(ended, (error: unknown) => ended({ fault: String(error) }));
  }

  #ended(delivery: Delivery, result: PostResult): void {
    const subscription = this.#subscriptions.get(delivery.to);
    // Ended meanwhile, and its deliveries with it.
    if (subscription === undefined) return;
    const { count } = this.#ports;
    const status = 'status' in result ? result.status : 0;
    if (status >= 200 && status < 300) {
      count('delivered');
      this.#take(delivery.id);
      this.#ports.stage(outboxNames.delivery(delivery.id), null);
      return;
    }
    count(status === GONE ? 'gone' : 'failed');
    const fault = 'fault' in result ? result.fault : `answered ${status}`;
    if (status === GONE) {
      const goneMs = subscription.goneMs ?? this.#ports.wallMs();
      this.#ports.stage(outboxNames.subscription(subscription.id), { ...subscription, goneMs });
      return this.#bury({ ...delivery, tries: delivery.tries + 1 }, fault);
    }
    const tries = delivery.tries + 1;
    const afterMs = TRY_AFTER_MS[tries];
    if (afterMs === undefined) this.#bury({ ...delivery, tries }, fault);
    else this.#put({ ...delivery, tries, fault, dueMs: this.#ports.wallMs() + afterMs });
  }

  #take(id: string): void {
    this.#taken.add(id);
    const [oldest] = this.#taken;
    if (this.#taken.size > LIMITS.webhookWaiting && oldest !== undefined) this.#taken.delete(oldest);
  }

  #bury(delivery: Delivery, fault: string): void {
    this.#ports.count('dead');
    this.#put({ ...delivery, fault, deadMs: this.#ports.wallMs() });
  }

  /** What is stored comes back by `stored`, and only then goes on. */
  #put(delivery: Delivery): void {
    this.#ports.stage(outboxNames.delivery(delivery.id), delivery);
  }

  #forgetOldest(): void {
    let over = this.#dead - LIMITS.webhookDead;
    if (over <= 0) return;
    for (const { id } of this.dead()) {
      if (over-- <= 0) break;
      this.#ports.stage(outboxNames.delivery(id), null);
    }
  }
}

/** Told again, and nothing has become of it since. */
const isSame = (known: Delivery | undefined, told: Delivery): boolean =>
  known !== undefined &&
  known.tries === told.tries &&
  known.dueMs === told.dueMs &&
  known.deadMs === told.deadMs;
