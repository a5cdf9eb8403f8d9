import type { Server } from 'node:http';
import { serverError } from '../errors.js';

/** Listens, and says where. Throws PORT_IN_USE, or LISTEN_FAILED with the reason. */
export function listen(
  server: Server,
  host: string,
  port: number,
): Promise<{ readonly port: number; readonly host: string }> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const inUse = cause.code === 'EADDRINUSE';
      reject(
        inUse
          ? serverError('PORT_IN_USE', `Port ${port} of ${host} is in use by another program.`, cause)
          : serverError('LISTEN_FAILED', `Cannot listen on ${host}:${port}: ${cause.message}`, cause),
      );
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });
}
