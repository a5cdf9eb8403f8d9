import type { ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';

/** The app may talk to any server over WebSocket, for the demo's server may run on another port; all else is its own. */
export function setSecurityHeaders(response: ServerResponse): void {
  // Whoever came over TLS once comes so for a year, also by a link that says http.
  if (response.socket instanceof TLSSocket)
    response.setHeader('Strict-Transport-Security', 'max-age=31536000');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
  );
}
