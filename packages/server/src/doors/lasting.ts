import { LIMITS } from '@topgun/protocol';
import type { Readiness } from './Readiness.js';
import { type HttpAnswer, HttpRefusal, type Route } from './Route.js';

/**
 * Routes whose changes count only when they are in the store: while it takes nothing they are refused, before anything is done; where it
 * stops answering in the middle, they are refused after `waitMs`, and what they asked for may yet come to hold (CLU-63).
 */
export function lasting(
  routes: readonly Route[],
  readiness: Pick<Readiness, 'fault'>,
  waitMs: number = LIMITS.decisionMs,
): Route[] {
  return routes.map((route) => {
    if (route.lasts === undefined) return route;
    const answer: Route['answer'] = async (request) => {
      const fault = await readiness.fault();
      if (fault !== undefined)
        throw refusal(`The store takes nothing at the moment (${fault}). Nothing was done.`);
      return withinTime(Promise.resolve(route.answer(request)), waitMs);
    };
    return { ...route, answer };
  });
}

async function withinTime(answer: Promise<HttpAnswer>, waitMs: number): Promise<HttpAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          refusal(
            'The store does not answer: whether this will hold is not known. Look before you ask again.',
          ),
        ),
      waitMs,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function refusal(message: string): HttpRefusal {
  const retryAfterMs = LIMITS.pendingRetryMs;
  const remedy = 'See /ready for what is wrong with the store, and ask again when it is in order.';
  return new HttpRefusal(
    503,
    { code: 'UNAVAILABLE', message, remedy, retryAfterMs },
    { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) },
  );
}
