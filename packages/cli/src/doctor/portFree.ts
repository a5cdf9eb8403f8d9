import { createServer } from 'node:net';
import { type Check, reasonOf, systemCodeOf } from './Check.js';

export const portFree: Check = {
  name: 'Port',
  run: ({ host, port }) =>
    new Promise((resolve) => {
      const server = createServer();
      server.once('error', (error) => {
        const taken = systemCodeOf(error) === 'EADDRINUSE';
        resolve({
          level: taken ? 'warn' : 'fail',
          detail: taken ? `${host}:${port} is in use` : reasonOf(error),
          remedy: taken
            ? 'If this is not a running topgun, stop the other program or use --port.'
            : 'Use another --host or --port.',
        });
      });
      server.listen({ host, port, exclusive: true }, () => {
        server.close(() => resolve({ level: 'ok', detail: `${host}:${port} is free` }));
      });
    }),
};
