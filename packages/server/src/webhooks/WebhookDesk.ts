import { randomBytes } from 'node:crypto';
import { partitionOf } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import type { EngineHost, WallClock } from '../EngineHost.js';
import type { Delivery, Subscription } from '../engine/outbox/Delivery.js';
import { outboxNames } from '../engine/outbox/Delivery.js';
import type { ServerEngine } from '../engine/ServerEngine.js';
import { serverError } from '../errors.js';
import type { WebhookFigures } from '../metrics/figures.js';
import type { MetricsService } from '../metrics/MetricsService.js';
import type { Principal } from '../security/PermissionPolicy.js';
import type { Topics } from '../topics/ports.js';
import type { Logger } from '../utils/logger.js';
import { Intake } from './in/Intake.js';
import { SenderBook } from './in/SenderBook.js';
import { addressGuard } from './out/addressGuard.js';
import { Dispatcher } from './out/Dispatcher.js';
import { nodeHttpOut } from './out/nodeHttpOut.js';
import { drawSecret } from './out/signDelivery.js';
import { TopicTaps } from './out/TopicTaps.js';

export interface WebhookDeskParts {
  readonly config: Pick<ServerConfig, 'webhooksFile' | 'webhookNetworks'>;
  readonly logger: Logger;
  readonly clock: WallClock;
  readonly metrics: () => MetricsService;
  readonly topics: () => Topics | undefined;
  /** undefined before the store is loaded */
  readonly engine: () => ServerEngine | undefined;
}

/** What a new subscription is made of. */
export interface SubscriptionOrder {
  readonly url: string;
  readonly maps: readonly string[];
  readonly topics: readonly string[];
  /** drawn when left out */
  readonly secret?: string | undefined;
}

/** Webhooks of a server: those that come in, and those that go out. Facts are changed by having them stored, and hold when they are durable. */
export class WebhookDesk {
  readonly intake: Intake;
  readonly #parts: WebhookDeskParts;
  readonly #senders: SenderBook;
  readonly #dispatcher: Dispatcher;
  readonly #taps: TopicTaps;
  /** who waits until a fact is durable, by its name */
  readonly #waiting = new Map<
    string,
    { readonly resolve: () => void; readonly reject: (error: unknown) => void }[]
  >();
  /** what was told before the start */
  readonly #early: ReadonlyMap<string, unknown>[] = [];
  #host: EngineHost | undefined;

  constructor(parts: WebhookDeskParts) {
    const { config, clock, logger, metrics, topics } = parts;
    this.#parts = parts;
    this.#senders = new SenderBook(config.webhooksFile, logger);
    const wallMs = (): number => clock.wallMs();
    const isOurs = (id: string): boolean => parts.engine()?.cluster?.isOwn(partitionOf(id)) !== false;
    this.intake = new Intake({ topics, senders: () => this.#senders.senders, wallMs });
    this.#dispatcher = new Dispatcher({
      out: nodeHttpOut({ guard: addressGuard(config.webhookNetworks) }),
      wallMs,
      isOurs,
      arm: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      stage: (name, value) => this.#host?.outbox((outbox) => outbox.stage(name, value)),
      count: (outcome) => metrics().counts.webhooksOut.add(outcome),
    });
    this.#taps = new TopicTaps({
      topics,
      logger,
      isOurs,
      tell: (to, event, place) =>
        this.#host?.outbox((outbox) => {
          // In one commit: what was heard, and that it was.
          outbox.tell(to, event);
          if (place !== undefined) outbox.stage(...place);
        }),
      stage: (name, place) => this.#host?.outbox((outbox) => outbox.stage(name, place)),
    });
  }

  /** Facts of webhooks are durable: what the store holds, then those of each commit. Told by the engine in the middle of its work, and taken in after it. */
  readonly stored = (facts: ReadonlyMap<string, unknown>): void => {
    if (this.#host === undefined) this.#early.push(facts);
    else queueMicrotask(() => this.#take(facts));
  };

  /** Engine and topics run: events are taken in, and what waits is sent. Throws CONFIG_INVALID for the webhooks file. */
  start(host: EngineHost): void {
    this.#senders.start();
    this.#host = host;
    for (const facts of this.#early.splice(0)) this.#take(facts);
  }

  /** Nothing is taken in and no try is begun any more. */
  stop(): void {
    this.#senders.stop();
    this.intake.close();
    this.#taps.stop();
    this.#dispatcher.stop();
    const error = serverError(
      'SERVER_STATE',
      'The server stopped before the change was known to be durable.',
    );
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(error);
    this.#waiting.clear();
  }

  figures(): WebhookFigures {
    const { subscriptions, waiting, deadCount } = this.#dispatcher;
    const dropped = [...this.#dropped.values()].reduce((sum, count) => sum + count, 0);
    return { subscriptions: subscriptions.size, waiting, dead: deadCount, dropped };
  }

  // --- what the door of events tells ---

  taken(about: {
    readonly provider: string;
    readonly remote: string;
    readonly state: string;
    readonly why?: string;
    readonly durationMs: number;
  }): void {
    const { metrics, logger } = this.#parts;
    const { state, durationMs, provider, remote, why } = about;
    metrics().counts.webhooksIn.add(state.replaceAll(' ', '_'));
    metrics().webhookTaken(durationMs);
    if (state === 'refused') logger.info({ provider, remote, why }, 'webhook refused');
  }

  // --- what administrators ask for ---

  /** Resolves when it is durable, with its secret. Undefined when there are as many as may be. */
  async subscribe(order: SubscriptionOrder, by: Principal): Promise<Subscription | undefined> {
    if (this.#dispatcher.subscriptions.size >= LIMITS.webhookSubscriptions) return undefined;
    const { url, maps, topics, secret = drawSecret() } = order;
    const { sub, roles, claims } = by;
    const subscription: Subscription = {
      ...{ id: randomBytes(8).toString('hex'), url, maps, topics },
      secrets: [{ secret }],
      by: { sub, roles, claims },
      createdMs: this.#parts.clock.wallMs(),
    };
    await this.#store(outboxNames.subscription(subscription.id), subscription);
    return subscription;
  }

  /** False when there is none of this id. */
  async unsubscribe(id: string): Promise<boolean> {
    if (!this.#dispatcher.subscriptions.has(id)) return false;
    await this.#store(outboxNames.subscription(id), null);
    return true;
  }

  /** Lets a subscription whose address was gone be told again. */
  async enable(id: string): Promise<boolean> {
    const found = this.#dispatcher.subscriptions.get(id);
    if (found === undefined) return false;
    const { goneMs: _, ...subscription } = found;
    await this.#store(outboxNames.subscription(id), subscription);
    return true;
  }

  /** A new secret; the present one signs beside it for a day. */
  async changeSecret(id: string): Promise<string | undefined> {
    const found = this.#dispatcher.subscriptions.get(id);
    if (found === undefined) return undefined;
    const secret = drawSecret();
    const nowMs = this.#parts.clock.wallMs();
    const old = found.secrets
      .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
      .map((one) => ({ ...one, untilMs: one.untilMs ?? nowMs + LIMITS.webhookOldSecretMs }))
      .slice(0, LIMITS.webhookSecretsPerSender - 1);
    await this.#store(outboxNames.subscription(id), { ...found, secrets: [{ secret }, ...old] });
    return secret;
  }

  list(): { readonly subscription: Subscription; readonly waiting: number; readonly dropped: number }[] {
    return [...this.#dispatcher.subscriptions.values()].map((subscription) => ({
      subscription,
      waiting: this.#dispatcher.waitingOf(subscription.id),
      dropped: this.#dropped.get(subscription.id) ?? 0,
    }));
  }

  dead(): readonly Delivery[] {
    return this.#dispatcher.dead();
  }

  /** False when there is no dead letter of this id; resolves when it is durable that it waits again. */
  async replay(id: string): Promise<boolean> {
    const durable = this.#durable(outboxNames.delivery(id));
    const again = this.#dispatcher.replay(id);
    if (again === undefined) {
      durable.forget();
      return false;
    }
    await durable.promise;
    return true;
  }

  #take(facts: ReadonlyMap<string, unknown>): void {
    this.#taps.stored(facts);
    this.#dispatcher.stored(facts);
    // Without facts: other subscriptions than before are this node's to see to.
    if (facts.size === 0 || [...facts.keys()].some(outboxNames.isSubscription))
      this.#taps.follow(this.#dispatcher.subscriptions.values());
    for (const name of facts.keys()) {
      for (const { resolve } of this.#waiting.get(name) ?? []) resolve();
      this.#waiting.delete(name);
    }
  }

  get #dropped(): ReadonlyMap<string, number> {
    return this.#parts.engine()?.outbox.dropped ?? new Map();
  }

  #store(name: string, value: unknown): Promise<void> {
    const { promise } = this.#durable(name);
    if (this.#host === undefined) throw serverError('SERVER_STATE', 'The server is starting or has stopped.');
    this.#host.outbox((outbox) => outbox.stage(name, value));
    return promise;
  }

  #durable(name: string): { readonly promise: Promise<void>; readonly forget: () => void } {
    let forget = (): void => undefined;
    const promise = new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject };
      const all = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, all);
      all.push(waiter);
      forget = () => {
        all.splice(all.indexOf(waiter), 1);
        if (all.length === 0) this.#waiting.delete(name);
      };
    });
    return { promise, forget };
  }
}
