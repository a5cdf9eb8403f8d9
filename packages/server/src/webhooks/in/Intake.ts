import { createHash } from 'node:crypto';
import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { PublishOptions, Topics } from '../../topics/ports.js';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { Inbox, inboxTopic } from './Inbox.js';
import { payloadOf } from './payloadOf.js';
import type { Sender, Senders } from './Senders.js';
import { field, idIn, type SignedRequest, verify } from './schemes.js';

/** An event as it came in, its body within the limit. */
export interface Incoming extends SignedRequest {
  readonly provider: string;
  /** `?tenant=` */
  readonly tenant: string | undefined;
}

/** What became of it. */
export type Outcome =
  | { readonly state: 'accepted' | 'duplicate'; readonly id: string }
  | { readonly state: 'challenge'; readonly challenge: string }
  | { readonly state: 'tenant missing' }
  /** `why` is for the log alone */
  | { readonly state: 'refused'; readonly why: 'unknown' | 'missing' | 'mismatch' | 'stale' }
  | { readonly state: 'unfit'; readonly message: string }
  | { readonly state: 'unavailable' };

export interface IntakeParts {
  readonly topics: () => Topics | undefined;
  readonly senders: () => Senders;
  readonly wallMs: () => number;
}

/** An event that is believed. */
interface Event {
  readonly sender: Sender;
  readonly id: string;
  /** the same on every node and after every restart */
  readonly key: string;
  readonly data: unknown;
}

/** Takes in the events of other services: believed, known for the first time, in the log, and only then answered (HOOK-3 to HOOK-10). */
export class Intake {
  readonly #parts: IntakeParts;
  /** by tenant, the one that was silent longest first */
  readonly #inboxes = new Map<string, Inbox>();
  /** being taken in, by key */
  readonly #underWay = new Map<string, Promise<Outcome>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  async take(incoming: Incoming): Promise<Outcome> {
    const topics = this.#parts.topics();
    // The server is starting: who is refused now might not come again.
    if (topics === undefined) return { state: 'unavailable' };
    const payload = payloadOf(incoming.body, incoming.headers['content-type']);
    const tenant = tenantOf(incoming, payload);
    if (tenant === undefined) return { state: 'tenant missing' };
    const sender = this.#parts.senders().find(incoming.provider, tenant);
    if (sender === undefined) return { state: 'refused', why: 'unknown' };
    const verdict = verify(sender.scheme, sender.keys, incoming, this.#parts.wallMs());
    if (verdict.state !== 'valid') return { state: 'refused', why: verdict.state };
    if (sender.scheme === 'slack' && field(payload, 'type') === 'url_verification')
      return { state: 'challenge', challenge: field(payload, 'challenge') ?? '' };
    const id = verdict.id ?? idIn(sender.scheme, payload) ?? hash([incoming.body]);
    const { provider } = sender;
    const contentType = incoming.headers['content-type'] ?? '';
    return this.#once(topics, {
      sender,
      id,
      key: `wh-${hash([provider, tenant, id].map((part) => `${part}\n`)).slice(0, 40)}`,
      data: { id, provider, contentType, payload },
    });
  }

  close(): void {
    for (const inbox of this.#inboxes.values()) inbox.close();
    this.#inboxes.clear();
  }

  /** The same event may come twice at once: the second waits for what becomes of the first. */
  async #once(topics: Topics, event: Event): Promise<Outcome> {
    const first = this.#underWay.get(event.key);
    if (first !== undefined) {
      const outcome = await first;
      return outcome.state === 'accepted' ? { ...outcome, state: 'duplicate' } : outcome;
    }
    const taken = this.#publish(topics, event);
    this.#underWay.set(event.key, taken);
    try {
      return await taken;
    } finally {
      this.#underWay.delete(event.key);
    }
  }

  async #publish(topics: Topics, { sender, id, key, data }: Event): Promise<Outcome> {
    const { tenant, provider } = sender;
    const options: PublishOptions = { name: `webhook.${provider}`, from: `webhook:${provider}`, id: key };
    try {
      const inbox = this.#inboxOf(tenant, topics);
      await inbox.open();
      if (inbox.has(key)) return { state: 'duplicate', id };
      // The inbox is what says that an event is known: it comes last, or a crash in between would lose the event to the tenant.
      await topics.publish(`tenant/${tenant}`, data, SERVER_PRINCIPAL, options);
      await topics.publish(inboxTopic(tenant), data, SERVER_PRINCIPAL, options);
      inbox.add(key);
      return { state: 'accepted', id };
    } catch (error) {
      if (!(error instanceof TopGunError)) throw error;
      return error.code === 'TOPIC_INVALID'
        ? { state: 'unfit', message: error.message }
        : { state: 'unavailable' };
    }
  }

  #inboxOf(tenant: string, topics: Topics): Inbox {
    const inbox = this.#inboxes.get(tenant) ?? new Inbox(tenant, topics);
    this.#inboxes.delete(tenant);
    this.#inboxes.set(tenant, inbox);
    let ids = 0;
    for (const { size } of this.#inboxes.values()) ids += size;
    for (const [silent, other] of this.#inboxes) {
      if (ids <= LIMITS.webhookIds || other === inbox) break;
      ids -= other.size;
      other.close();
      this.#inboxes.delete(silent);
    }
    return inbox;
  }
}

function hash(parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

function tenantOf({ headers, tenant }: Incoming, payload: unknown): string | undefined {
  const header = headers['x-tenant-id'];
  return (typeof header === 'string' && header !== '' ? header : tenant) || field(payload, 'tenant_id');
}
