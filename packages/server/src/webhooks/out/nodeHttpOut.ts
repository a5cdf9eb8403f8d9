import { lookup } from 'node:dns/promises';
import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Reach } from './addressGuard.js';
import type { HttpOut, PostResult } from './ports.js';

export interface NodeHttpOutParts {
  readonly guard: (address: string) => Reach;
  /** every address of a name; that of the system by default */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/** Why there is no answer; the text stands in the list of dead letters. */
class Fault extends Error {}

/**
 * Posts over the network, to where the guard allows (HOOK-34, HOOK-35). The name is resolved here, once, and the connection goes to the very
 * addresses that were judged: a name that says something else the next moment changes nothing. Node follows no redirects by itself.
 */
export function nodeHttpOut({ guard, resolve = resolveName }: NodeHttpOutParts): HttpOut {
  return {
    post: async (address, headers, body, timeoutMs) => {
      try {
        // Also the resolving takes its time.
        return await within(timeoutMs, async (signal) => {
          const url = new URL(address);
          const name = url.hostname.replace(/^\[|\]$/g, '');
          const addresses = isIP(name) === 0 ? await resolve(name) : [name];
          judge(url, addresses, guard);
          signal.throwIfAborted();
          return await post(url, addresses, headers, body, signal);
        });
      } catch (error) {
        return { fault: faultOf(error) };
      }
    },
  };
}

/** One that may not be reached is enough: who can add an address to a name chooses which one is taken. */
function judge({ protocol }: URL, addresses: readonly string[], guard: (address: string) => Reach): void {
  if (addresses.length === 0) throw new Fault('the name has no address');
  const reaches = addresses.map(guard);
  if (reaches.includes('refused')) throw new Fault('the address is of a network that is not public');
  if (protocol !== 'https:' && !(protocol === 'http:' && reaches.every((reach) => reach === 'allowed')))
    throw new Fault('the address is not https');
}

function post(
  url: URL,
  addresses: readonly string[],
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<PostResult> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const request: ClientRequest = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.length },
      lookup: pinned(addresses),
      // A connection that is kept would be one that nobody judged again.
      agent: false,
      signal,
    });
    // However many there are: a second one without a listener would end the process.
    request.on('error', reject);
    request.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0 });
      // What it says is nobody's business here, and may be long.
      response.destroy();
    });
    request.end(bytes);
  });
}

/** Answers the question of the socket for an address with those that were judged. */
function pinned(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, callback) => {
    if (options.all === true) callback(null, known);
    else callback(null, known[0]?.address ?? '', known[0]?.family);
  };
}

async function resolveName(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}

async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const fault = new Fault(`no answer within ${timeoutMs} ms`);
      late.abort(fault);
      reject(fault);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(late.signal), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

function faultOf(error: unknown): string {
  if (error instanceof Fault) return error.message;
  // ECONNREFUSED, ENOTFOUND, a certificate that is not trusted; the message of a failed URL would quote it.
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no answer';
}
