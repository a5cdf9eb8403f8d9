import type { EngineHost } from './EngineHost.js';
import { lateListener } from './lateListener.js';
import type { Observability } from './Observability.js';
import type { AuthService } from './security/AuthService.js';
import type { Visitors } from './transport/visitorsOf.js';
import { WebSocketTransport } from './transport/WebSocketTransport.js';

/** What sockets need; of parts that come later than they do, how to ask for them. */
export interface TransportParts {
  readonly visitors: Visitors;
  readonly host: () => EngineHost | undefined;
  readonly auth: () => AuthService | undefined;
  readonly watch: () => Observability;
}

/** The binary sockets of a server. */
export function createTransport(parts: TransportParts): WebSocketTransport {
  const { visitors, host, auth, watch } = parts;
  return new WebSocketTransport({
    ...visitors,
    listener: lateListener(host, () => watch().spans),
    onTooSlow: (limit) => visitors.limits.hit(limit),
    judgeToken: async (token) => auth()?.judgeToken(token) ?? 503,
    onHandshakeRefused: (status) => watch().handshakeRefused(status),
  });
}
