import type { Checker } from './Checker.js';

const OPEN_TO_ALL: ReadonlySet<string> = new Set(['AUTH_ACK', 'ERROR', 'PONG', 'PING', 'SHUTDOWN']);

/** S4: a socket that has not authenticated learns nothing. */
export const strangers: Checker = {
  watch: (world) => ({
    sending(message, isAuthenticated) {
      if (!isAuthenticated && !OPEN_TO_ALL.has(message.type))
        world.fail(`S4: ${message.type} left for a socket that has not authenticated`);
    },
  }),
};
