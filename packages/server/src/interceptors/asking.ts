import { LIMITS } from '@topgun/protocol';
import type { Logger } from '../utils/logger.js';
import type { Interceptor } from './Interceptor.js';

/** Raised within, when an interceptor's answer did not come in time. */
class TooLate extends Error {}

/** The answer of an interceptor. Throws what it throws, and TooLate. One that answers at once costs no timer. */
export async function inTime<T>({ timeoutMs }: Interceptor, call: () => T | Promise<T>): Promise<T> {
  const answer = call();
  if (!isThenable(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      answer,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new TooLate()), timeoutMs ?? LIMITS.interceptorMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

const isThenable = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function';

/** Logs what an interceptor threw, or that it was too late (INT-5). */
export function logFailure(
  logger: Logger,
  error: unknown,
  { name }: Interceptor,
  hook: string,
  about: object,
): void {
  const what = error instanceof TooLate ? 'an interceptor was too late' : 'an interceptor failed';
  logger.error(
    { ...(error instanceof TooLate ? {} : { err: error }), interceptor: name, hook, ...about },
    what,
  );
}

/** Tells an interceptor something that it has no say in; nobody waits for it. */
export function notify(
  logger: Logger,
  interceptor: Interceptor,
  hook: string,
  call: () => void | Promise<void>,
): void {
  inTime(interceptor, call).catch((error: unknown) => logFailure(logger, error, interceptor, hook, {}));
}
