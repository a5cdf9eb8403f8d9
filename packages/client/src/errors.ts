import { errorsOf, final, passing, TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';

/** What the client itself can fail with; codes of the server and of the storage have tables of their own. */
export const clientErrors = {
  OPTION_INVALID: final(TEXTS && 'Correct the option named.'),
  CLIENT_CLOSED: final(TEXTS && 'Make a new TopGunClient.'),
  NO_SERVER: final(TEXTS && 'Give the client a `serverUrl`.'),
  NO_WEBSOCKET: final(TEXTS && 'Install the package `ws`, pass `webSocket`, or use Node 22 or later.'),
  MAP_NAME_INVALID: final(TEXTS && 'Use 1 to 128 characters out of A-Z a-z 0-9 _ . : / -'),
  STATE_TRANSITION: final(TEXTS && 'Ask canTransition(event) first.'),
  CLIENT_FAILED: final(TEXTS && 'See `cause`.'),
  TOKEN_PROVIDER_FAILED: passing(TEXTS && 'See `cause`. The next attempt asks again.'),
};

export type ClientErrorCode = keyof typeof clientErrors;

export const clientError = /* @__PURE__ */ errorsOf<ClientErrorCode>(clientErrors);

/** A fault of somebody else's code as a typed error; typed errors pass unchanged. */
export function toTopGunError(cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  return clientError('CLIENT_FAILED', cause instanceof Error ? cause.message : String(cause), cause);
}
