import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { NtpLink, NtpPorts } from './NtpTimeProvider.js';

const NTP_PORT = 123;

/**
 * A socket of its own for every request: from a port that the system draws, and connected, so that packets of any other
 * sender do not get here at all.
 */
export const openUdp: NtpPorts['open'] = (server, onBytes, onFault): NtpLink => {
  const { host, port } = addressOf(server);
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  let isClosed = false;
  const fault = (error: Error): void => {
    if (!isClosed) onFault(error.message);
  };
  socket.on('message', onBytes);
  socket.on('error', fault);
  return {
    send: (bytes) => {
      // The address is looked up here, and a name that is none ends in an error.
      socket.connect(port, host, () => {
        if (!isClosed) socket.send(bytes);
      });
    },
    close: () => {
      isClosed = true;
      socket.close();
    },
  };
};

/** `host`, `host:port`, `[v6]` or `[v6]:port`. */
export function addressOf(server: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(server);
  return { host: match?.[1] ?? match?.[2] ?? server, port: Number(match?.[3] ?? NTP_PORT) };
}
