import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LIMITS } from '@topgun/protocol';

/** A request as it came; nothing of it is believed yet. */
export interface SignedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type SchemeName = 'standard' | 'generic' | 'github' | 'stripe' | 'slack';
export const SCHEME_NAMES = ['standard', 'generic', 'github', 'stripe', 'slack'] as const;

/** What a request says of itself under a scheme. */
interface Claim {
  /** of 32 bytes each; those of another form are left out */
  readonly signatures: readonly Buffer[];
  /** what stands before the body in the signed text */
  readonly prefix: string;
  /** the signed time, seconds since the epoch of Unix, where the scheme has one */
  readonly timeS?: number;
  /** the signed id of the event, where the scheme has one in its headers */
  readonly id?: string;
}

interface Scheme {
  claim(headers: IncomingHttpHeaders): Claim | undefined;
  /** The id that stands in a signed JSON body, where the provider is known to put one there. */
  idIn?(payload: unknown): string | undefined;
}

/** What became of a signature; `valid` has the id of the event where the scheme signs one. */
export type Verdict =
  | { readonly state: 'valid'; readonly id?: string | undefined }
  | { readonly state: 'missing' | 'mismatch' | 'stale' };

/** Every secret of the Standard Webhooks begins so; those of Stripe do too, but are texts. */
const STANDARD_PREFIX = 'whsec_';

/**
 * How providers sign (HOOK-2). Sources: the Standard Webhooks specification 1.0; the guides "Validating webhook deliveries" of GitHub, "Verify
 * webhook signatures manually" of Stripe, "Verifying requests from Slack".
 */
const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  standard: {
    claim: (headers) => {
      const id = text(headers, 'webhook-id') ?? text(headers, 'svix-id');
      const time = text(headers, 'webhook-timestamp') ?? text(headers, 'svix-timestamp');
      const list = text(headers, 'webhook-signature') ?? text(headers, 'svix-signature');
      const timeS = secondsOf(time);
      if (id === undefined || timeS === undefined || list === undefined) return undefined;
      // v1a is for keys that this server does not have.
      const signatures = list.split(' ').flatMap((one) => base64Of(/^v1,(.*)$/.exec(one)?.[1]));
      return { signatures, prefix: `${id}.${time}.`, timeS, id };
    },
  },
  generic: { claim: (headers) => bodyAlone(text(headers, 'x-signature')) },
  github: { claim: (headers) => bodyAlone(text(headers, 'x-hub-signature-256')) },
  stripe: {
    claim: (headers) => {
      const parts = (text(headers, 'stripe-signature') ?? '')
        .split(',')
        .map((part) => part.trim().split('='));
      const time = parts.find(([name]) => name === 't')?.[1];
      const timeS = secondsOf(time);
      if (timeS === undefined) return undefined;
      const signatures = parts.flatMap(([name, value]) => (name === 'v1' ? hexOf(value) : []));
      return { signatures, prefix: `${time}.`, timeS };
    },
    idIn: (payload) => (field(payload, 'object') === 'event' ? field(payload, 'id') : undefined),
  },
  slack: {
    claim: (headers) => {
      const time = text(headers, 'x-slack-request-timestamp');
      const timeS = secondsOf(time);
      if (timeS === undefined) return undefined;
      const signatures = hexOf(/^v0=(.*)$/.exec(text(headers, 'x-slack-signature') ?? '')?.[1]);
      return { signatures, prefix: `v0:${time}:`, timeS };
    },
    idIn: (payload) => field(payload, 'event_id'),
  },
};

/** The scheme of a provider that names none, by what its secrets look like (HOOK-2). */
export function schemeOf(provider: string, secret: string): SchemeName {
  if (provider === 'github' || provider === 'stripe' || provider === 'slack') return provider;
  return secret.startsWith(STANDARD_PREFIX) ? 'standard' : 'generic';
}

/** The key that a secret stands for; undefined when it is none of this scheme. */
export function keyOf(scheme: SchemeName, secret: string): Buffer | undefined {
  if (scheme !== 'standard')
    return Buffer.byteLength(secret) >= LIMITS.webhookSecretBytesMin ? Buffer.from(secret) : undefined;
  const encoded = secret.startsWith(STANDARD_PREFIX) ? secret.slice(STANDARD_PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  // What is no base64 is left out by Buffer, and the key would be another one than the sender's.
  const isWhole = key.toString('base64').replaceAll('=', '') === encoded.replaceAll('=', '');
  return isWhole && key.length >= 24 && key.length <= 64 ? key : undefined;
}

/** Whether one of the keys has signed the request, at about `nowMs` where the scheme says when (HOOK-3, HOOK-4). */
export function verify(
  name: SchemeName,
  keys: readonly Buffer[],
  request: SignedRequest,
  nowMs: number,
): Verdict {
  const claim = SCHEMES[name].claim(request.headers);
  if (claim === undefined || claim.signatures.length === 0) return { state: 'missing' };
  const isSigned = keys.some((key) => {
    const right = sign(key, claim.prefix, request.body);
    return claim.signatures.some((signature) => timingSafeEqual(signature, right));
  });
  if (!isSigned) return { state: 'mismatch' };
  const { timeS, id } = claim;
  if (timeS !== undefined && Math.abs(nowMs / 1000 - timeS) > LIMITS.webhookToleranceMs / 1000)
    return { state: 'stale' };
  return { state: 'valid', id };
}

/** The id that a provider puts into the body of an event. */
export function idIn(name: SchemeName, payload: unknown): string | undefined {
  const id = SCHEMES[name].idIn?.(payload);
  return id !== undefined && id.length <= LIMITS.webhookIdChars ? id : undefined;
}

const sign = (key: Buffer, prefix: string, body: Buffer): Buffer =>
  createHmac('sha256', key).update(prefix).update(body).digest();

function bodyAlone(header: string | undefined): Claim | undefined {
  const signatures = hexOf(/^sha256=(.*)$/.exec(header ?? '')?.[1]);
  return signatures.length === 0 ? undefined : { signatures, prefix: '' };
}

function hexOf(value: string | undefined): readonly Buffer[] {
  return value !== undefined && /^[\da-f]{64}$/i.test(value) ? [Buffer.from(value, 'hex')] : [];
}

function base64Of(value: string | undefined): readonly Buffer[] {
  const bytes = Buffer.from(value ?? '', 'base64');
  // Its last letter has bits that stand for nothing: one form is enough.
  return bytes.length === 32 && bytes.toString('base64') === value ? [bytes] : [];
}

function secondsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A text field of a JSON object. */
export function field(payload: unknown, name: string): string | undefined {
  if (typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, name)) return undefined;
  const value: unknown = (payload as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
