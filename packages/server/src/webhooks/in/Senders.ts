import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { keyOf, SCHEME_NAMES, type SchemeName, schemeOf } from './schemes.js';

/** Who may send events to a tenant, and how it signs. */
export interface Sender {
  readonly provider: string;
  readonly tenant: string;
  readonly scheme: SchemeName;
  /** any of them is good */
  readonly keys: readonly Buffer[];
}

const name = z.string().regex(/^[\w.@-]{1,64}$/);
const senderSchema = z.strictObject({
  provider: name,
  tenant: name,
  scheme: z.enum(SCHEME_NAMES).optional(),
  secrets: z.array(z.string().min(1).max(256)).min(1).max(LIMITS.webhookSecretsPerSender),
});
const fileSchema = z.strictObject({ senders: z.array(senderSchema).max(LIMITS.webhookSenders) });

/** The senders that the webhooks file names (HOOK-1). */
export class Senders {
  readonly #byName = new Map<string, Sender>();

  constructor(senders: readonly Sender[] = []) {
    for (const sender of senders) this.#byName.set(nameOf(sender.provider, sender.tenant), sender);
  }

  get size(): number {
    return this.#byName.size;
  }

  find(provider: string, tenant: string): Sender | undefined {
    return this.#byName.get(nameOf(provider, tenant));
  }

  /** Throws an error that names the place of the fault and never a secret. */
  static parse(text: string): Senders {
    const parsed = fileSchema.safeParse(jsonOf(text));
    if (!parsed.success) {
      const { path = [], code } = parsed.error.issues[0] ?? {};
      throw new Error(`${path.join('.') || 'The file'} is not as it should be (${code}).`);
    }
    const names = new Set<string>();
    const secrets = new Set<string>();
    const senders = parsed.data.senders.map(({ provider, tenant, scheme, secrets: own }, at) => {
      const place = `senders.${at}`;
      const known = nameOf(provider, tenant);
      if (names.has(known)) throw new Error(`${place}: this provider of this tenant stands there twice.`);
      names.add(known);
      const schemes = new Set(own.map((secret) => scheme ?? schemeOf(provider, secret)));
      const [only] = schemes;
      if (only === undefined || schemes.size > 1)
        throw new Error(`${place}.secrets: of whsec_ and other secrets it may have one kind.`);
      const keys = own.map((secret, i) => {
        // What is signed for one would be good for the other.
        if (secrets.has(secret)) throw new Error(`${place}.secrets.${i} stands there twice.`);
        secrets.add(secret);
        const key = keyOf(only, secret);
        if (key === undefined) throw new Error(`${place}.secrets.${i} is no secret of the scheme ${only}.`);
        return key;
      });
      return { provider, tenant, scheme: only, keys };
    });
    return new Senders(senders);
  }
}

// Neither part has a space.
const nameOf = (provider: string, tenant: string): string => `${provider} ${tenant}`;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The message of that fault quotes the text, which holds secrets.
    throw new Error('The file is not JSON.');
  }
}
