import { isIPv6 } from 'node:net';
import { LIMITS } from '@topgun/protocol';

export type Verdict = 'ok' | 'warning' | 'danger' | 'unknown';

/** A connection that was made in the name of a client id. */
export interface Sighting {
  readonly clientId: string;
  readonly ip: string;
  /** of the page that connected; '' for a program */
  readonly origin: string;
  readonly userAgent: string;
}

interface Remembered extends Sighting {
  readonly untilMs: number;
}

/** Where clients were seen last, for `verify` (BRG-29). Knows no clock; forgets the client that has been silent the longest when it is full. */
export class SeenClients {
  readonly #clientsMax: number;
  /** by client id; who was seen last stands last */
  readonly #byClient = new Map<string, readonly Remembered[]>();

  constructor(clientsMax: number = LIMITS.bridgeSeen) {
    this.#clientsMax = clientsMax;
  }

  get clients(): number {
    return this.#byClient.size;
  }

  add(sighting: Sighting, nowMs: number): void {
    const key = sighting.clientId.toLowerCase();
    const others = this.#live(key, nowMs).filter((other) => !isSame(other, sighting));
    const now = { ...sighting, untilMs: nowMs + LIMITS.bridgeSeenMs };
    this.#byClient.delete(key);
    this.#byClient.set(key, [...others, now].slice(-LIMITS.bridgeSeenPerClient));
    for (const oldest of this.#byClient.keys()) {
      if (this.#byClient.size <= this.#clientsMax && this.#live(oldest, nowMs).length > 0) break;
      this.#byClient.delete(oldest);
    }
  }

  /** What is known of a client that is said to be at `url` and asks from `ip`. */
  verify(clientId: string, url: string, ip: string, nowMs: number): Verdict {
    const seen = this.#live(clientId.toLowerCase(), nowMs);
    if (seen.length === 0) return 'unknown';
    const origin = originOf(url);
    const there = seen.filter((sighting) => sighting.origin === origin);
    if (there.length === 0) return 'danger';
    return there.some((sighting) => plain(sighting.ip) === plain(ip)) ? 'ok' : 'warning';
  }

  #live(key: string, nowMs: number): readonly Remembered[] {
    return (this.#byClient.get(key) ?? []).filter(({ untilMs }) => untilMs > nowMs);
  }
}

const isSame = (one: Sighting, other: Sighting): boolean =>
  one.ip === other.ip && one.origin === other.origin && one.userAgent === other.userAgent;

/** Scheme and host of a URL, as browsers name an origin; a text that is none as it stands. */
export function originOf(text: string): string {
  if (!URL.canParse(text)) return text;
  const { protocol, host } = new URL(text);
  return host === '' ? text : `${protocol}//${host}`;
}

/** An IPv6 address has many spellings; limits and logs know it as it came. */
function plain(ip: string): string {
  const inUrl = `http://[${ip}]/`;
  return isIPv6(ip) && URL.canParse(inUrl) ? new URL(inUrl).hostname : ip;
}
