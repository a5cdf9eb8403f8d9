import type { NotReady, Readiness } from './Readiness.js';
import type { HttpAnswer, Route } from './Route.js';

export interface ProbeParts {
  readonly version: string;
  readonly readiness: Readiness;
}

/**
 * What supervisors ask: is it alive, does it welcome clients, which version. They are answered by the thread that does the work: one
 * that is stuck answers none of them, which is the truth.
 */
export function probeRoutes({ version, readiness }: ProbeParts): Route[] {
  const get = (path: string, answer: Route['answer']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    answer,
  });
  const alive = (): HttpAnswer => ({ status: 200, body: { status: 'up' } });
  return [
    get('/health', alive),
    get('/healthz', alive),
    get('/ready', async () => readyAnswer(await readiness.reason())),
    get('/readyz', () => readyAnswer(readiness.ofServer())),
    get('/version', () => ({ status: 200, body: { version } })),
  ];
}

function readyAnswer(reason: NotReady | undefined): HttpAnswer {
  return reason === undefined
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { code: 'UNAVAILABLE', reason } };
}
