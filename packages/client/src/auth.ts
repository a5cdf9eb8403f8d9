import { clientError } from './errors.js';
import type { TopGunClient } from './TopGunClient.js';
import type { Unsubscribe } from './utils/Listeners.js';

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 5;
const PAUSE_MS = 500;
/** So often a pause doubles: 8 s with the standard first pause. */
const DOUBLINGS_MAX = 4;

export interface TokenProviderOptions {
  /** How long one call may take before it counts as failed, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Calls before a request for a token fails. Default 5. The client asks again after a pause of its own. */
  readonly attempts?: number;
  /** Pause after the first failure, ms; it doubles up to sixteenfold, and half of it is drawn. Default 500. */
  readonly pauseMs?: number;
  /** Draws between 0 and 1. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Makes a function that fetches a token into a provider for `client.setAuthTokenProvider`: one call at a time, each bounded in time
 * (its signal is aborted), repeated after growing pauses when it fails.
 *
 * ```ts
 * client.setAuthTokenProvider(
 *   tokenProvider(async (signal) => {
 *     const answer = await fetch('/session/token', { signal });
 *     if (answer.status === 401) return null; // nobody is signed in
 *     if (!answer.ok) throw new Error(`answered ${answer.status}`);
 *     return answer.text();
 *   }),
 * );
 * ```
 *
 * The client asks when it connects and when the server says that the token ends soon. `null` means that the user has to sign
 * in, and is not asked for again. The promise rejects with the last failure, or `TOKEN_PROVIDER_FAILED` when that was a call that took too long.
 */
export function tokenProvider(
  fetchToken: (signal: AbortSignal) => Promise<string | null>,
  options: TokenProviderOptions = {},
): () => Promise<string | null> {
  let asking: Promise<string | null> | undefined;
  return () => {
    asking ??= insist(fetchToken, options).finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

async function insist(
  fetchToken: (signal: AbortSignal) => Promise<string | null>,
  {
    timeoutMs = TIMEOUT_MS,
    attempts = ATTEMPTS,
    pauseMs = PAUSE_MS,
    random = Math.random,
  }: TokenProviderOptions,
): Promise<string | null> {
  for (let failed = 0; ; ) {
    try {
      return await inTime(fetchToken, timeoutMs);
    } catch (error) {
      if (++failed >= attempts) throw error;
      const boundMs = pauseMs * 2 ** Math.min(failed - 1, DOUBLINGS_MAX);
      await new Promise((resolve) => setTimeout(resolve, boundMs * (0.5 + random() / 2)));
    }
  }
}

function inTime(
  fetchToken: (signal: AbortSignal) => Promise<string | null>,
  timeoutMs: number,
): Promise<string | null> {
  const late = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(clientError('TOKEN_PROVIDER_FAILED', `No token came within ${timeoutMs} ms`));
      late.abort();
    }, timeoutMs);
    fetchToken(late.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/**
 * Whether nothing but a new sign-in gets the client to the server: its token was refused, revoked or missing, or the data on this
 * device belongs to somebody else. Reads and writes go on all the while. After signing in: `setAuthToken`, then `resetConnection`.
 */
export function needsSignIn(client: TopGunClient): boolean {
  const [last] = client.getStateHistory(1);
  return last?.state === 'ERROR' && last.error?.code.startsWith('AUTH_') === true;
}

/** Calls back with every change of `needsSignIn`, and at once if it is true now. */
export function onNeedsSignIn(client: TopGunClient, callback: (needed: boolean) => void): Unsubscribe {
  let told = false;
  const tell = (): void => {
    const needed = needsSignIn(client);
    if (needed === told) return;
    told = needed;
    callback(needed);
  };
  tell();
  return client.onConnectionStateChange(tell);
}
