/** Why the server refused. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    refusal: Partial<Record<'code' | 'message' | 'remedy' | 'retryAfterMs', unknown>>,
  ) {
    const code = typeof refusal.code === 'string' ? refusal.code : `HTTP_${status}`;
    super(typeof refusal.message === 'string' ? refusal.message : code);
    this.status = status;
    this.code = code;
    this.remedy = typeof refusal.remedy === 'string' ? refusal.remedy : undefined;
    this.retryAfterMs = typeof refusal.retryAfterMs === 'number' ? refusal.retryAfterMs : undefined;
  }
}

type Method = 'GET' | 'POST' | 'PUT';

/** Longest wait for an answer, ms. */
const ANSWER_MS = 30_000;

/** Asks the server that this page came from. */
export class Api {
  readonly #tokenOf: () => string | undefined;

  constructor(tokenOf: () => string | undefined) {
    this.#tokenOf = tokenOf;
  }

  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#ask<T>('POST', path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#ask<T>('PUT', path, body);
  }

  /** The type is what the server promises for the path. Throws `ApiError`; with status 0 where nothing answers. */
  async #ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const token = this.#tokenOf();
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(path, {
        method,
        headers: {
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      answer = await response.json();
    } catch {
      throw new ApiError(0, { code: 'UNREACHABLE', message: 'The server does not answer.' });
    }
    if (!response.ok) throw new ApiError(response.status, answer as Record<string, unknown>);
    return answer as T;
  }
}
