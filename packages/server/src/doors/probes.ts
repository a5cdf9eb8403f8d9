import type { Route } from './Route.js';

export interface ProbeParts {
  readonly version: string;
  /** undefined when ready, else the reason */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What supervisors and scrapers ask: is it alive, does it welcome clients, which version, its figures. */
export function probeRoutes(parts: ProbeParts): Route[] {
  const get = (path: string, answer: Route['answer']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    answer,
  });
  return [
    get('/health', () => ({ status: 200, body: { status: 'up' } })),
    get('/ready', () => {
      const reason = parts.notReady();
      if (reason === undefined) return { status: 200, body: { status: 'ready' } };
      return { status: 503, body: { code: 'UNAVAILABLE', reason } };
    }),
    get('/version', () => ({ status: 200, body: { version: parts.version } })),
    get('/metrics', async () => {
      const { contentType, text } = await parts.metrics();
      return { status: 200, contentType, content: text };
    }),
  ];
}
