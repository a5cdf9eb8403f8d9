import type { Observer } from './Observer.js';

const points = [
  'map found equal by its root',
  'map found different by its root',
  'Merkle walk begun',
  'rows asked for by item',
  'map resumed by its cursor',
  'query answered',
  'query found equal by its root',
  'query found different by its root',
  'query sent anew to a device that held rows',
  'rows of a query asked for by item',
  'digests put off',
  'query updated',
  'message of a topic delivered',
  'session ended at the server',
  'token renewed on a live connection',
  'token ended on a live connection',
  'stranger turned away',
  'several rows in one frame of changes',
] as const;

/** Frames that show how devices catch up. */
export const sync: Observer = {
  points: points.map((name) => ({ name })),
  watch(world) {
    /** Links and queries asked by devices that hold rows of them. */
    const holding = new Set<string>();
    const reach = (point: (typeof points)[number]): void => world.sometimes(point);
    return {
      received(message, isAuthenticated, link) {
        if (message.type === 'QUERY_SUB' && message.root !== undefined)
          holding.add(`${link} ${message.query}`);
        if (message.type === 'AUTH' && isAuthenticated) reach('token renewed on a live connection');
        if (message.type === 'MERKLE_REQ') reach('Merkle walk begun');
        if (message.type === 'ROWS_REQ') {
          reach(message.query === undefined ? 'rows asked for by item' : 'rows of a query asked for by item');
        }
        if (message.type === 'SESSION_END') reach('session ended at the server');
      },
      sending(message, _, link) {
        switch (message.type) {
          case 'SYNC_ROOT':
            reach(
              message.parts === undefined ? 'map found equal by its root' : 'map found different by its root',
            );
            return;
          case 'SYNC_DELTA':
            return reach('map resumed by its cursor');
          case 'QUERY_RESP':
            reach('query answered');
            if (message.root !== undefined)
              reach(
                message.parts === undefined
                  ? 'query found equal by its root'
                  : 'query found different by its root',
              );
            else if (holding.has(`${link} ${message.query}`))
              reach('query sent anew to a device that held rows');
            return;
          case 'QUERY_UPDATE':
            return reach('query updated');
          case 'TOPIC_MSG':
            return reach('message of a topic delivered');
          case 'SERVER_EVENT':
            if (message.parts.reduce((sum, part) => sum + part[5].length, 0) > 1)
              reach('several rows in one frame of changes');
            return;
          case 'ERROR':
            if (message.code === 'AUTH_EXPIRED') reach('token ended on a live connection');
            if (message.code === 'UNAVAILABLE' && message.retryAfterMs !== undefined)
              reach('digests put off');
            if (message.code === 'AUTH_REQUIRED') reach('stranger turned away');
        }
      },
    };
  },
};
