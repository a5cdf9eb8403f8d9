import { TopGunError } from '@topgun/core';

/** What the client itself can fail with; codes of the server and of the storage have tables of their own. */
export const clientErrors = {
  OPTION_INVALID: { remedy: 'Correct the option named.', retriable: false },
  CLIENT_CLOSED: { remedy: 'Make a new TopGunClient.', retriable: false },
  NO_SERVER: {
    remedy: 'Give the client a `serverUrl`.',
    retriable: false,
  },
  NO_WEBSOCKET: {
    remedy: 'Install the package `ws`, pass `webSocket`, or use Node 22 or later.',
    retriable: false,
  },
  CLIENT_FAILED: { remedy: 'See `cause`.', retriable: false },
  TOKEN_PROVIDER_FAILED: {
    remedy: 'See `cause`. The next attempt asks again.',
    retriable: true,
  },
} as const;

export type ClientErrorCode = keyof typeof clientErrors;

export function clientError(code: ClientErrorCode, message: string, cause?: unknown): TopGunError {
  const info = clientErrors[code];
  return new TopGunError({ code, message, remedy: info.remedy, retriable: info.retriable, cause });
}

/** A fault of somebody else's code as a typed error; typed errors pass unchanged. */
export function toTopGunError(cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  return clientError('CLIENT_FAILED', cause instanceof Error ? cause.message : String(cause), cause);
}
