import type { ServerConfig } from './config/schema.js';
import { authRoutes } from './doors/auth.js';
import { HttpRouter } from './doors/HttpRouter.js';
import type { LiveDoors } from './doors/LiveDoors.js';
import { lasting } from './doors/lasting.js';
import { policyRoutes } from './doors/policies.js';
import { type PresenceDoors, presenceRoutes } from './doors/presence.js';
import { recordRoutes } from './doors/records/recordRoutes.js';
import { StaticFiles } from './doors/staticFiles.js';
import { type ServerStatusParts, statusRoutes } from './doors/status.js';
import { topicRoutes } from './doors/topics.js';
import type { EngineHost } from './EngineHost.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import type { Observability } from './Observability.js';
import type { OperatorDoors } from './OperatorDoors.js';
import type { AuthService } from './security/AuthService.js';
import type { PolicySources } from './security/PolicySources.js';
import type { Topics } from './topics/ports.js';
import type { Visitors } from './transport/visitorsOf.js';

/** What answers over HTTP; what comes with the store is asked for when it is needed. */
export interface RouterParts {
  readonly config: ServerConfig;
  readonly visitors: Visitors;
  readonly watch: Observability;
  readonly operators: OperatorDoors;
  readonly live: LiveDoors;
  readonly isStopping: () => boolean;
  readonly topics: () => Topics | undefined;
  readonly presence: () => PresenceDoors | undefined;
  readonly status: () => ServerStatusParts;
  readonly engine: () => ServerEngine | undefined;
  readonly host: () => EngineHost | undefined;
  readonly sources: () => PolicySources | undefined;
  readonly auth: () => AuthService | undefined;
  readonly wallMs: () => number;
}

/** The HTTP side of the main port, with all of its doors. Throws STATIC_MISSING. */
export async function createRouter(parts: RouterParts): Promise<HttpRouter> {
  const { config, visitors, watch, operators, live, topics, status, engine, host, sources, auth } = parts;
  const routes = [
    ...watch.routes(),
    ...statusRoutes(status),
    ...policyRoutes(() => ({ engine: engine(), host: host(), sources: sources() })),
    ...authRoutes(auth),
    ...operators.routes(),
    ...topicRoutes(topics),
    ...recordRoutes({ engine, peers: () => host()?.requests, wallMs: parts.wallMs }),
    ...presenceRoutes(parts.presence),
    ...live.routes(),
  ];
  return new HttpRouter({
    routes: lasting(routes, watch.readiness),
    // Before the server has loaded it knows neither keys nor who was revoked.
    principalOf: async (token) => auth()?.principalOf(token) ?? 'unknown yet',
    staticFiles: await StaticFiles.of(config.staticDir),
    adminFiles: await StaticFiles.of(config.adminDir),
    loopbackOnly: config.dev,
    visitors,
    isStopping: parts.isStopping,
    watch: watch.http,
  });
}
