import type { JsonWebKey } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { serverError } from '../../errors.js';
import { isLoopback } from '../loopback.js';
import { type Issuance, jwkKey, type TokenKey } from './TokenKey.js';

/** Fetches a text, bounded in time and bytes. Rejects with the reason. */
export type FetchText = (url: string) => Promise<string>;

const answerSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * The keys that an issuer publishes at an address (AUTH-4, AUTH-5). Times are ms of any clock that goes forward.
 *
 * Looking a key up never waits for the network: the keys of the last time are there, and fetching is asked for.
 */
export class Jwks {
  readonly #url: string;
  readonly #issuance: Issuance;
  readonly #fetch: FetchText;
  #keys: readonly TokenKey[] = [];
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #underWay: Promise<string | undefined> | undefined;

  /** Throws AUTH_KEY_INVALID for an address that could be overheard. */
  constructor(url: string, issuance: Issuance, fetchText: FetchText = fetchJwks) {
    const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname)))
      throw serverError('AUTH_KEY_INVALID', `jwksUrl ${url} is no https address.`);
    this.#url = url;
    this.#issuance = issuance;
    this.#fetch = fetchText;
  }

  /** The keys that may be used now: none while they are too old. */
  keys(nowMs: number): readonly TokenKey[] {
    return this.isUsable(nowMs) ? this.#keys : [];
  }

  isUsable(nowMs: number): boolean {
    return nowMs - this.#fetchedAtMs <= LIMITS.jwksStaleMs;
  }

  /** Fetches if that is due. Resolves with what went wrong, if anything did; never rejects. */
  async refresh(nowMs: number): Promise<string | undefined> {
    const isDue = nowMs - this.#fetchedAtMs >= LIMITS.jwksRefreshMs;
    return isDue ? this.seek(nowMs) : undefined;
  }

  /** Fetches because a key is wanted that is not here, unless that was done a moment ago. Who comes meanwhile waits for the same answer. */
  seek(nowMs: number): Promise<string | undefined> {
    if (this.#underWay !== undefined) return this.#underWay;
    if (nowMs - this.#askedAtMs < LIMITS.jwksCooldownMs) return Promise.resolve(undefined);
    this.#askedAtMs = nowMs;
    this.#underWay = this.#take(nowMs).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #take(nowMs: number): Promise<string | undefined> {
    try {
      const { keys } = answerSchema.parse(JSON.parse(await this.#fetch(this.#url)));
      this.#keys = keys
        .slice(0, LIMITS.jwksKeys)
        .flatMap((jwk) => jwkKey(jwk as JsonWebKey, this.#issuance) ?? []);
      this.#fetchedAtMs = nowMs;
      return this.#keys.length === 0 ? `${this.#url} holds no key that checks tokens` : undefined;
    } catch (error) {
      return `${this.#url}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Over HTTP: no redirects, bounded time and bytes. */
export async function fetchJwks(url: string): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(LIMITS.jwksFetchMs),
    headers: { accept: 'application/json' },
  });
  if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body) {
    bytes += piece.length;
    if (bytes > LIMITS.jwksBytes) throw new Error(`answered more than ${LIMITS.jwksBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
