import { LIMITS } from '@topgun/protocol';
import { isLoopbackAuthority } from '../security/loopback.js';

export interface HandshakeSettings {
  readonly connectionsMax: number;
  readonly connectionsPerIpMax: number;
  /** exact web origins that may connect; undefined = any */
  readonly origins?: readonly string[] | undefined;
  /** only pages and names of this machine: guards a developer's server against pages of others */
  readonly loopbackOnly: boolean;
}

/** Why a handshake is refused: the HTTP status. */
export type Refusal = 403 | 429 | 503;

interface Visitor {
  open: number;
  tokens: number;
  filledAt: number;
}

const BURST_SECONDS = 10;

/** Decides who may open a socket: counts by address and in all, rate of handshakes, origin. */
export class HandshakeGuard {
  readonly #settings: HandshakeSettings;
  readonly #visitors = new Map<string, Visitor>();
  #open = 0;

  constructor(settings: HandshakeSettings) {
    this.#settings = settings;
  }

  /** Undefined when a handshake may go on; the caller then reports `opened`. */
  judge(
    ip: string,
    headers: { readonly origin?: string | undefined; readonly host?: string | undefined },
    nowMs: number,
  ): Refusal | undefined {
    const { connectionsMax, connectionsPerIpMax } = this.#settings;
    if (!this.#isOriginAllowed(headers)) return 403;
    const visitor = this.#visitor(ip, nowMs);
    const earned = ((nowMs - visitor.filledAt) / 1000) * LIMITS.handshakesPerIp;
    visitor.tokens = Math.min(LIMITS.handshakesPerIp * BURST_SECONDS, visitor.tokens + Math.max(0, earned));
    visitor.filledAt = nowMs;
    if (visitor.tokens < 1 || visitor.open >= connectionsPerIpMax) return 429;
    if (this.#open >= connectionsMax) return 503;
    visitor.tokens--;
    return undefined;
  }

  opened(ip: string, nowMs: number): void {
    this.#open++;
    this.#visitor(ip, nowMs).open++;
  }

  closed(ip: string): void {
    this.#open--;
    const visitor = this.#visitors.get(ip);
    if (visitor !== undefined) visitor.open--;
  }

  /** Forgets addresses that have nothing open and have not come for a while; called now and then. */
  sweep(nowMs: number): void {
    for (const [ip, visitor] of this.#visitors) {
      if (visitor.open <= 0 && nowMs - visitor.filledAt > BURST_SECONDS * 1000) this.#visitors.delete(ip);
    }
  }

  #visitor(ip: string, nowMs: number): Visitor {
    let visitor = this.#visitors.get(ip);
    if (visitor === undefined) {
      visitor = { open: 0, tokens: LIMITS.handshakesPerIp * BURST_SECONDS, filledAt: nowMs };
      this.#visitors.set(ip, visitor);
    }
    return visitor;
  }

  #isOriginAllowed(headers: {
    readonly origin?: string | undefined;
    readonly host?: string | undefined;
  }): boolean {
    const { origins, loopbackOnly } = this.#settings;
    const { origin, host } = headers;
    if (origins !== undefined && origin !== undefined && !origins.includes(origin)) return false;
    if (!loopbackOnly) return true;
    if (host !== undefined && !isLoopbackAuthority(host)) return false;
    // Programs send no origin.
    return origin === undefined || isLoopbackAuthority(origin.replace(/^https?:\/\//, ''));
  }
}
