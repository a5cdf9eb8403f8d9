import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import { serverError } from '../errors.js';
import { Certificates } from '../security/Certificates.js';
import { answerBrokenRequests } from '../transport/refuseRequest.js';

/** What a request may cost before anybody looks at it. */
const OPTIONS: ServerOptions = {
  maxHeaderSize: LIMITS.headerBytes,
  headersTimeout: LIMITS.headersMs,
  requestTimeout: LIMITS.requestMs,
  keepAliveTimeout: LIMITS.httpIdleMs,
  // Node looks every half a minute by itself, and a slow sender would hold its socket for as long.
  connectionsCheckingInterval: LIMITS.headersMs / 5,
  // The router refuses that, with a code.
  requireHostHeader: false,
};

const TLS = { minVersion: 'TLSv1.2', handshakeTimeout: LIMITS.headersMs } as const;

/** Where it is told what became of a new certificate. */
export interface RenewalLog {
  info(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

type TlsSettings = Pick<ServerConfig, 'tlsCertFile' | 'tlsKeyFile'>;

/**
 * A server that bounds what a request may cost, and answers what is none (E11); with a certificate it speaks HTTPS alone (NET-1).
 * Throws TLS_INVALID.
 */
export function createHttp(settings: TlsSettings, logger: RenewalLog): Server {
  const { tlsCertFile, tlsKeyFile } = settings;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    throw serverError('TLS_INVALID', 'Of tlsCertFile and tlsKeyFile one is missing.');
  const http =
    tlsCertFile === undefined || tlsKeyFile === undefined
      ? createServer(OPTIONS)
      : createSecure(new Certificates(tlsCertFile, tlsKeyFile), logger);
  answerBrokenRequests(http);
  return http;
}

function createSecure(certificates: Certificates, logger: RenewalLog): Server {
  const server = createSecureServer({ ...OPTIONS, ...TLS, ...certificates.current });
  const look = (): void => {
    try {
      const pair = certificates.renewed();
      if (pair === undefined) return;
      // Handshakes from now on; sockets that are open stay what they are.
      server.setSecureContext({ minVersion: TLS.minVersion, ...pair });
      logger.info({}, 'the certificate was renewed');
    } catch (error) {
      logger.error({ err: error }, 'the certificate was not renewed');
    }
  };
  const timer = setInterval(look, LIMITS.certificateLookMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
  return server;
}
