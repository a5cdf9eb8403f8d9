import type { Denial } from '../../engine/Denials.js';
import { Denials } from '../../engine/Denials.js';
import { PermissionPolicy, type Policy, type Principal } from '../../security/PermissionPolicy.js';
import { nextTurn } from '../../utils/nextTurn.js';
import { LocalBus } from '../LocalBus.js';
import { Namespaces } from '../Namespaces.js';
import type { PublishOptions, SharedMessage, Subscriber, SubscriptionEnd, TopicMessage } from '../ports.js';
import type { Rooms } from '../rooms/Rooms.js';
import { TopicHub, type TopicHubParts } from '../TopicHub.js';
import { type TopicPolicies, topicGate } from '../topicGate.js';
import { SlowLog } from './SlowLog.js';

export const principal = (sub: string, roles: readonly string[] = ['user']): Principal => ({
  sub,
  roles,
  claims: {},
});

/** Remembers what it was told. */
export class Listener implements Subscriber {
  principal: Principal;
  readonly heard: TopicMessage[] = [];
  readonly losses: string[] = [];
  readonly ends: (readonly [topic: string, why: SubscriptionEnd])[] = [];
  ready?: () => Promise<void> | undefined;

  constructor(sub: string, roles?: readonly string[]) {
    this.principal = principal(sub, roles);
  }

  deliver(shared: SharedMessage): void {
    this.heard.push(shared.message);
  }

  lost(topic: string): void {
    this.losses.push(topic);
  }

  ended(topic: string, why: SubscriptionEnd): void {
    this.ends.push([topic, why]);
  }
}

const ALL: readonly Policy[] = [{ role: 'user', map: '**', actions: ['READ', 'PUT'] }];

export interface HubRigOptions {
  readonly policies?: readonly Policy[];
  readonly limits?: TopicHubParts['limits'];
  readonly rooms?: Rooms;
}

/** A hub on a log that answers when the test says so. */
export class HubRig {
  now = 1_800_000_000_000;
  readonly log = new SlowLog();
  readonly hub: TopicHub;
  /** what the bus was asked to listen to (+) and not to any more (-) */
  readonly listened: string[] = [];
  readonly #denials = new Denials(100);
  #policies: PermissionPolicy;
  #ids = 0;

  constructor({ policies = ALL, limits, rooms }: HubRigOptions = {}) {
    this.#policies = new PermissionPolicy(policies);
    const bus = new LocalBus(this.log);
    bus.listen = (topic?: string) => void this.listened.push(`+${topic}`);
    bus.unlisten = (topic?: string) => void this.listened.push(`-${topic}`);
    const current = (): PermissionPolicy => this.#policies;
    const book: TopicPolicies = {
      get inForce() {
        return current();
      },
      denied: (who, denied, now) => this.#denials.note(current(), who, denied, now),
    };
    this.hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: new Namespaces(),
      gate: topicGate(
        () => book,
        () => this.now,
      ),
      nodeId: 'node-1',
      wallMs: () => this.now,
      drawId: () => `id-${++this.#ids}`,
      ...(limits && { limits }),
      ...(rooms && { rooms }),
    });
    void bus.open(this.hub);
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = new PermissionPolicy(policies, {}, this.#policies);
    this.hub.reviewAll();
  }

  denials(): unknown {
    return this.#denials
      .list()
      .map(({ action, map }: Denial) => [action, map])
      .sort();
  }

  /** To a topic without a log, by nobody who listens. */
  say(topic: string, data: unknown): void {
    void this.hub.publish(topic, data, principal('somebody'));
  }

  /** Resolves when it is in the log; reads wait. */
  async publish(topic: string, data: unknown, options?: PublishOptions): Promise<TopicMessage> {
    const accepted = this.hub.publish(topic, data, principal('somebody'), options);
    accepted.catch(() => undefined);
    do await tick();
    while (this.log.stepAppend());
    await tick();
    return accepted;
  }

  /** Lets the log answer everything. */
  async settle(draw: (n: number) => number = () => 0): Promise<void> {
    do await tick();
    while (this.log.step(draw));
  }

  async finish<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    await this.settle();
    return work;
  }
}

/** Promises that are settled have been heard of. */
export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
