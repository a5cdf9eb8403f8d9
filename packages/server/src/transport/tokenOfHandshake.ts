import type { IncomingHttpHeaders } from 'node:http';

/** The subprotocol that a handshake with a token names beside it, and that is answered. */
const PROTOCOL = 'topgun';
/** Browsers can set no header, but subprotocols; what is offered is not sent back. */
const BEARER = 'topgun.bearer.';

/** The token of a handshake (AUTH-20): in `Authorization`, or as a subprotocol. 'several' when there is more than one. The address is not looked at. */
export function tokenOfHandshake(headers: IncomingHttpHeaders): string | 'several' | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const tokens = offered.filter((name) => name.startsWith(BEARER)).map((name) => name.slice(BEARER.length));
  const { authorization } = headers;
  // Another scheme is no token; it may be meant for a proxy in between.
  if (authorization !== undefined && /^bearer\b/i.test(authorization))
    tokens.push(/^bearer ([^\s]+)$/i.exec(authorization)?.[1] ?? '');
  const [token, ...others] = new Set(tokens);
  return others.length > 0 ? 'several' : token;
}

/** What is answered to the subprotocols that a client offers; false for none. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(PROTOCOL)) return PROTOCOL;
  return [...offered].find((name) => !name.startsWith(BEARER)) ?? false;
}
