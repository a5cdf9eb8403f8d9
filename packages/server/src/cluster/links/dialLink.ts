import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { LIMITS } from '@topgun/protocol';
import { WebSocket } from 'ws';
import { ignore, LINK_SOCKET, type LinkSocket } from './LinkDoor.js';

/** Certificates for `wss:` beside those of the system. */
export type LinkTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;

/**
 * Opens a WebSocket to a node, paused; rejects when there is none to be had in time. The certificate of a `wss:` address has to be good for
 * its host. The frames of a client are masked by nothing: what that is for, proxies that take frames for requests, is not on this way, and masking copies them.
 */
export function dialLink(address: string, tls: LinkTls): Promise<LinkSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, {
      ...LINK_SOCKET,
      ...tls,
      handshakeTimeout: LIMITS.linkAuthMs,
      followRedirects: false,
      generateMask: (mask: Buffer) => mask.fill(0),
    });
    let stream: Socket | undefined;
    socket.on('error', ignore);
    socket.once('error', reject);
    socket.once('upgrade', (response) => {
      stream = response.socket;
    });
    socket.once('open', () => {
      if (stream === undefined) return reject(new Error('a WebSocket without a stream'));
      stream.setNoDelay(true);
      // The listener speaks first, and nothing of it may pass by before somebody listens.
      socket.pause();
      resolve({ socket, stream });
    });
  });
}
