import { LIMITS } from '@topgun/protocol';
import { HttpRefusal, type Route } from '../Route.js';
import type { JsonDoor } from './JsonDoor.js';

/** `/ws` for who asks without an upgrade, and `/api/websockets`: the connections of the door, for the role ADMIN (WSJ-42). */
export function websocketRoutes(door: Pick<JsonDoor, 'figures' | 'list'>): Route[] {
  return [
    {
      method: 'GET',
      path: '/ws',
      access: 'open',
      answer: () => {
        const message = 'This is the address of a WebSocket.';
        throw new HttpRefusal(
          426,
          { code: 'VERSION', message },
          { Upgrade: 'websocket', Connection: 'Upgrade' },
        );
      },
    },
    {
      method: 'GET',
      path: '/api/websockets',
      access: 'admin',
      answer: () => {
        const { connections, users, tenants, joined } = door.figures();
        const list = door.list(LIMITS.listedMax);
        return { status: 200, body: { connections, users, tenants, joined, list } };
      },
    },
  ];
}
