import { LIMITS } from '@topgun/protocol';
import type { SharedMessage, Subscriber, Topics } from '../../topics/ports.js';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';

export const inboxTopic = (tenant: string): string => `webhook/${tenant}`;

/** Which events one tenant has been sent: the ids of its inbox, those that other nodes take in among them (HOOK-8). */
export class Inbox implements Subscriber {
  readonly principal = SERVER_PRINCIPAL;
  readonly #topic: string;
  readonly #topics: Topics;
  /** message ids, the oldest first */
  readonly #ids = new Set<string>();
  #opening: Promise<unknown> | undefined;

  constructor(tenant: string, topics: Topics) {
    this.#topic = inboxTopic(tenant);
    this.#topics = topics;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Resolves when all that the log holds is known. Throws what the topics refuse; the next call tries again. */
  async open(): Promise<void> {
    // A place before all: everything that is held.
    this.#opening ??= this.#topics.subscribe(this.#topic, this, { since: { epoch: '', offset: 0 } });
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= LIMITS.webhookIdsPerTenant) break;
      this.#ids.delete(oldest);
    }
  }

  close(): void {
    this.#topics.unsubscribe(this.#topic, this);
    this.#opening = undefined;
  }

  deliver({ message }: SharedMessage): void {
    this.add(message.id);
  }

  lost(): void {
    // Ids of other nodes may be among what was lost: the log is read again when the tenant is spoken to.
    this.ended();
  }

  ended(): void {
    this.#opening = undefined;
  }
}
