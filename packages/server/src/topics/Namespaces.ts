import { LIMITS } from '@topgun/protocol';
import { EVERYTHING } from './mirrorOf.js';
import type { Namespace, Retention } from './ports.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;

/** Enough for a reconnect, or for who comes a moment late. */
const RECENT: Retention = { count: 100, ageMs: 5 * MINUTE_MS, bytes: MIB, durable: false };
/** Of all streams and users together. */
const RECENT_OF_ALL: Retention = { ...RECENT, count: 1_000, bytes: 4 * MIB };
/** For somebody who is not there yet: what was accepted waits, and where there is no room nothing more is accepted. */
const MAILBOX: Retention = {
  count: 1_000,
  ageMs: 24 * 60 * MINUTE_MS,
  bytes: 32 * MIB,
  durable: true,
  whenFull: 'refuse',
};

/** What the nodes say of who is there (PRES-3). */
const PRESENCE: Retention = { count: 5_000, ageMs: LIMITS.presenceLeaseMs, bytes: 4 * MIB, durable: false };
/** Events of other services: known again as long as they are kept (HOOK-8). */
const INBOX: Retention = {
  count: LIMITS.webhookIdsPerTenant,
  ageMs: LIMITS.webhookInboxMs,
  bytes: LIMITS.webhookInboxBytes,
  durable: true,
};

/** What holds where the settings say nothing else (HUB-2). */
export const DEFAULT_NAMESPACES: readonly Namespace[] = [
  ...['tenant/*', 'user/*', 'stream/*', 'room/*', 'global', 'system'].map((pattern) => ({
    pattern,
    retention: RECENT,
  })),
  { pattern: 'mailbox/*', retention: MAILBOX },
  { pattern: 'presence/*', retention: PRESENCE },
  { pattern: 'webhook/*', retention: INBOX },
];

/** A namespace as the settings write it: without messages it keeps none. */
export function namespaceOf({ pattern, ...retention }: Retention & { readonly pattern: string }): Namespace {
  return { pattern, retention: retention.count === 0 ? undefined : retention };
}

/** Which topics keep messages, and how long: those of the settings, and the defaults for what they do not name. */
export class Namespaces {
  /** The topic of everything has the name of a pattern, and is none. */
  readonly #exact = new Map<string, Retention | undefined>([[EVERYTHING, RECENT_OF_ALL]]);
  /** the longest prefix first */
  readonly #prefixes: readonly (readonly [prefix: string, retention: Retention | undefined])[];

  constructor(configured: readonly Namespace[] = []) {
    const prefixes = new Map<string, Retention | undefined>();
    for (const { pattern, retention } of [...DEFAULT_NAMESPACES, ...configured]) {
      if (pattern.endsWith('*')) prefixes.set(pattern.slice(0, -1), retention);
      else this.#exact.set(pattern, retention);
    }
    this.#prefixes = [...prefixes].sort(([a], [b]) => b.length - a.length);
  }

  /** How long messages of a topic are kept; undefined: not at all. */
  retentionOf(topic: string): Retention | undefined {
    if (this.#exact.has(topic)) return this.#exact.get(topic);
    return this.#prefixes.find(([prefix]) => topic.startsWith(prefix))?.[1];
  }
}
