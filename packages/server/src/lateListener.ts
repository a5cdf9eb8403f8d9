import type { EngineHost } from './EngineHost.js';
import type { HttpSpans } from './tracing/HttpSpans.js';
import type { TransportListener } from './transport/WebSocketTransport.js';

/** Sockets are there before the host is: what they bring until then concerns nobody, for handshakes are refused. */
export const lateListener = (
  host: () => EngineHost | undefined,
  spans: () => HttpSpans,
): TransportListener => ({
  opened: (conn, remote, token, request) =>
    host()?.opened(conn, remote, token, spans().opened(request, conn)),
  message: (conn, message, bytes) => host()?.message(conn, message, bytes),
  refused: (conn, code, path) => host()?.refused(conn, code, path),
  pressed: (conn, isBehind) => host()?.pressed(conn, isBehind),
  unread: (conn) => host()?.unread(conn),
  closed: (conn, hasLeft) => host()?.closed(conn, hasLeft),
});
