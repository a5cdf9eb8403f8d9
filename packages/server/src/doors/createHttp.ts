import { createServer, type Server } from 'node:http';
import { LIMITS } from '@topgun/protocol';
import { answerBrokenRequests } from '../transport/refuseRequest.js';

/** A server that bounds what a request may cost before anybody looks at it, and answers what is none (E11). */
export function createHttp(): Server {
  const http = createServer({
    maxHeaderSize: LIMITS.headerBytes,
    headersTimeout: LIMITS.headersMs,
    requestTimeout: LIMITS.requestMs,
    // Node looks every half a minute by itself, and a slow sender would hold its socket for as long.
    connectionsCheckingInterval: LIMITS.headersMs / 5,
    // The router refuses that, with a code.
    requireHostHeader: false,
  });
  answerBrokenRequests(http);
  return http;
}
