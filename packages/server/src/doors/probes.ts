import type { ClusterFacts } from './cluster.js';
import type { NotReady, Readiness } from './Readiness.js';
import type { HttpAnswer, Route } from './Route.js';

/** What a probe tells of a server, besides whether it is well. */
export interface ProbeFacts {
  readonly nodeId: string;
  readonly version: string;
  readonly uptimeMs: number;
  /** binary sockets that are open */
  readonly connections: number;
  /** whether other nodes are heard; off: there are none */
  readonly redis: 'up' | 'down' | 'off';
  /** of a node of a cluster */
  readonly cluster?: ClusterFacts | undefined;
}

export interface ProbeParts {
  readonly facts: () => ProbeFacts;
  readonly readiness: Readiness;
}

/**
 * What supervisors ask: is it alive, does it welcome clients, which version. They are answered by the thread that does the work: one
 * that is stuck answers none of them, which is the truth.
 */
export function probeRoutes({ facts, readiness }: ProbeParts): Route[] {
  const get = (path: string, answer: Route['answer']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    answer,
  });
  return [
    get('/health', () => ({ status: 200, body: healthOf(facts()) })),
    get('/healthz', () => ({ status: 200, body: { status: 'ok' } })),
    get('/ready', async () => readyAnswer(await readiness.reason(), facts())),
    get('/readyz', () => readyAnswer(readiness.ofServer())),
    get('/version', () => ({ status: 200, body: { version: facts().version } })),
  ];
}

function healthOf({ version, nodeId, uptimeMs, connections, redis }: ProbeFacts): object {
  return {
    status: 'ok',
    version,
    node_id: nodeId,
    uptime_seconds: Math.floor(Math.max(0, uptimeMs) / 1000),
    redis_connected: redis === 'up',
    active_connections: connections,
  };
}

/** A server whose bus is away serves its own clients, and stays ready (OBS-23); so does a node that cannot reach others, or whose ops wait (CLU-60 to CLU-62). */
function readyAnswer(reason: NotReady | undefined, facts?: ProbeFacts): HttpAnswer {
  const isStore = reason?.startsWith('STORE_') === true || reason === 'DISK_FULL';
  const checks = facts && {
    checks: {
      database: isStore ? 'down' : 'up',
      redis: facts.redis,
      cluster_mode: facts.redis !== 'off' || facts.cluster !== undefined,
    },
    degraded: facts.redis === 'down' || (facts.cluster?.degraded.length ?? 0) > 0,
    ...(facts.cluster && { cluster: facts.cluster }),
  };
  return reason === undefined
    ? { status: 200, body: { status: 'ready', ...checks } }
    : { status: 503, body: { status: reason.toLowerCase(), code: 'UNAVAILABLE', reason, ...checks } };
}
