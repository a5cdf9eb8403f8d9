import type { ClusterFault } from '../cluster/ClusterView.js';
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

/** Ops that were taken in and are not durable, and about how many bytes they have. */
export interface PendingFacts {
  readonly ops: number;
  readonly bytes: number;
}

export interface ProbeParts {
  readonly facts: () => ProbeFacts;
  readonly pending: () => PendingFacts;
  readonly readiness: Readiness;
}

/**
 * What supervisors ask: is it alive, does it welcome clients, which version. They are answered by the thread that does the work: one
 * that is stuck answers none of them, which is the truth.
 */
export function probeRoutes({ facts, pending, readiness }: ProbeParts): Route[] {
  const get = (path: string, answer: Route['answer']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    answer,
  });
  return [
    get('/health', () => ({ status: 200, body: healthOf(facts()) })),
    get('/healthz', () => ({ status: 200, body: { status: 'ok' } })),
    get('/ready', async () => readyAnswer(await readiness.reason(), facts(), pending())),
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

const isOfStore = (reason: NotReady | undefined): boolean =>
  reason?.startsWith('STORE_') === true || reason === 'DISK_FULL';

/** What is not as it should be, though the server goes on (CLU-60 to CLU-64). */
export function degradedBy(
  reason: NotReady | undefined,
  { redis, cluster }: Pick<ProbeFacts, 'redis' | 'cluster'>,
): ReadonlySet<ClusterFault> {
  const faults = new Set<ClusterFault>(cluster?.degraded);
  if (isOfStore(reason)) faults.add('DATABASE');
  if (redis === 'down') faults.add('REDIS');
  return faults;
}

/** A server whose bus is away serves its own clients, and stays ready (OBS-23); so does a node that cannot reach others, or whose ops wait (CLU-60 to CLU-62). */
function readyAnswer(reason: NotReady | undefined, facts?: ProbeFacts, pending?: PendingFacts): HttpAnswer {
  const checks = facts && {
    checks: {
      database: isOfStore(reason) ? 'down' : 'up',
      redis: facts.redis,
      cluster_mode: facts.redis !== 'off' || facts.cluster !== undefined,
    },
    degraded: degradedBy(reason, facts).size > 0,
    pending,
    ...(facts.cluster && { cluster: facts.cluster }),
  };
  return reason === undefined
    ? { status: 200, body: { status: 'ready', ...checks } }
    : { status: 503, body: { status: reason.toLowerCase(), code: 'UNAVAILABLE', reason, ...checks } };
}
