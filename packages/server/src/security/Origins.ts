import { isLoopbackAuthority } from './loopback.js';

export interface OriginSettings {
  /** exact web origins; undefined = any but `null` */
  readonly origins?: readonly string[] | undefined;
  /** only pages and names of this machine: guards a developer's server against pages of others */
  readonly loopbackOnly: boolean;
}

/** Which web pages may speak to this server: over sockets (NET-3), and over HTTP from another origin (NET-4). */
export class Origins {
  readonly #listed: ReadonlySet<string> | undefined;
  readonly #loopbackOnly: boolean;

  constructor({ origins, loopbackOnly }: OriginSettings) {
    this.#listed = origins && new Set(origins);
    this.#loopbackOnly = loopbackOnly;
  }

  /** Whether a page may open a socket. Programs send no origin. */
  mayConnect({
    origin,
    host,
  }: {
    readonly origin?: string | undefined;
    readonly host?: string | undefined;
  }): boolean {
    if (this.#loopbackOnly) {
      if (host !== undefined && !isLoopbackAuthority(host)) return false;
      if (origin !== undefined && !isLoopbackAuthority(origin.replace(/^https?:\/\//, ''))) return false;
    }
    // `null` is every page in a sandbox and every file: no origin at all.
    return (
      origin === undefined || (this.#listed === undefined ? origin !== 'null' : this.#listed.has(origin))
    );
  }

  /** Whether a page of another origin may read what HTTP answers: only if it is listed. */
  mayRead(origin: string): boolean {
    return this.#listed?.has(origin) === true;
  }
}
