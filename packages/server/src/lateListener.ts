import type { TransportListener } from './transport/WebSocketTransport.js';

/** Sockets are there before the host is: what they bring until then concerns nobody, for handshakes are refused. */
export const lateListener = (host: () => TransportListener | undefined): TransportListener => ({
  opened: (conn, remote, token) => host()?.opened(conn, remote, token),
  message: (conn, message, bytes) => host()?.message(conn, message, bytes),
  refused: (conn, code, path) => host()?.refused(conn, code, path),
  pressed: (conn, isBehind) => host()?.pressed(conn, isBehind),
  unread: (conn) => host()?.unread(conn),
  closed: (conn) => host()?.closed(conn),
});
