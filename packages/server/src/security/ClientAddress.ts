import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressSet, plainAddress } from './addresses.js';

export interface ProxySettings {
  /** addresses and networks of the reverse proxies in front of this server */
  readonly trustedProxies?: readonly string[] | undefined;
  /** the header that they write; any other is the client's own and says nothing */
  readonly proxyHeader: 'x-forwarded-for' | 'forwarded';
}

/**
 * Who is at the other end, seen through reverse proxies: limits by address, logs and the engine all go by this (NET-6).
 *
 * The header is read from the right, where the nearest proxy wrote: as long as the address that wrote an entry is a trusted
 * proxy the entry is believed. What stands left of the first untrusted address was written by anybody.
 */
export class ClientAddress {
  readonly #isProxy: (address: string) => boolean;
  readonly #header: ProxySettings['proxyHeader'];

  constructor({ trustedProxies = [], proxyHeader }: ProxySettings) {
    this.#isProxy = addressSet(trustedProxies);
    this.#header = proxyHeader;
  }

  of(
    request: Pick<IncomingMessage, 'headers'> & {
      readonly socket: { readonly remoteAddress?: string | undefined };
    },
  ): string {
    let address = plainAddress(request.socket.remoteAddress ?? '');
    if (!this.#isProxy(address)) return address;
    for (const hop of this.#hops(request.headers).reverse()) {
      // A hidden or garbled hop: the proxy that wrote it is the last that is known.
      if (isIP(hop) === 0) return address;
      address = plainAddress(hop);
      if (!this.#isProxy(address)) return address;
    }
    return address;
  }

  /** Whether an address is a proxy, many clients in one. */
  isProxy(address: string): boolean {
    return this.#isProxy(plainAddress(address));
  }

  #hops(headers: IncomingMessage['headers']): string[] {
    const value = headers[this.#header];
    const line = Array.isArray(value) ? value.join(',') : (value ?? '');
    if (line === '') return [];
    const hops = line.split(',').map((hop) => hop.trim());
    return hops.map((hop) => withoutPort(this.#header === 'forwarded' ? forOf(hop) : hop));
  }
}

/** The `for` of one element of `Forwarded` (RFC 7239). */
function forOf(element: string): string {
  for (const pair of element.split(';')) {
    const [name, value = ''] = pair.split('=').map((part) => part.trim());
    if (name?.toLowerCase() === 'for') return value.replace(/^"(.*)"$/, '$1');
  }
  return '';
}

function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}
