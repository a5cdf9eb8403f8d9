import { TopGunError } from '@topgun/core';

/** An answer that is no success: `code` is the server's, or NETWORK, TIMEOUT and BAD_ANSWER where it gave none. */
export class TopGunHttpError extends TopGunError {
  /** of the answer; 0 where there was none */
  readonly status: number;
  /** when to ask again at the earliest, ms; undefined where the server did not say */
  readonly retryAfterMs: number | undefined;

  constructor(
    about: ConstructorParameters<typeof TopGunError>[0] & Pick<TopGunHttpError, 'status' | 'retryAfterMs'>,
  ) {
    super(about);
    this.status = about.status;
    this.retryAfterMs = about.retryAfterMs;
  }
}

/** What an answer that is no success says. */
export function refusalOf({ status, headers }: Response, body: unknown): TopGunHttpError {
  const { code, message, reason, remedy } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const why = [message, reason].find((text) => typeof text === 'string');
  return httpError(
    typeof code === 'string' ? code : 'BAD_ANSWER',
    why ?? `The server answered ${status}.`,
    status,
    {
      ...(typeof remedy === 'string' && { remedy }),
      retriable: status === 429 || status >= 500,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
    },
  );
}

export function httpError(
  code: string,
  message: string,
  status: number,
  {
    remedy = 'Check the address, the token and the network.',
    retriable = false,
    ...rest
  }: { remedy?: string; retriable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
): TopGunHttpError {
  return new TopGunHttpError({
    code,
    message,
    remedy,
    retriable,
    status,
    retryAfterMs: rest.retryAfterMs,
    cause: rest.cause,
  });
}
