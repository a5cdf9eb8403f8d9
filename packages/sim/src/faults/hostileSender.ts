import type { ClientMessage } from '@topgun/protocol';
import { encode } from '@topgun/protocol';
import type { Fault } from './Fault.js';

const MAP = 'todos';

/** A socket that never authenticates and says what it likes: stamps from next century, foreign sessions, garbage. */
export const hostileSender: Fault = {
  name: 'hostile sender',
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike({ world, rng }) {
    const link = world.network.dial(rng.fork());
    link.attach('client', { frame: () => undefined, closed: () => undefined });
    world.accept(link);
    const victim = world.someSession ?? rng.id(11);
    const future = (world.trueWallMs() + 50 * 365 * 86_400_000) * 2048;
    const messages: ClientMessage[] = [
      { type: 'PING', id: 1 },
      { type: 'SYNC_INIT', req: 1, map: MAP, kind: 'LWW', root: 0 },
      {
        type: 'OPS',
        session: victim,
        settledBelow: 0,
        incarnation: world.store.incarnation,
        concern: 4,
        maps: [MAP],
        rows: [[1, 0, 0, 'a', future, null, { id: -1, rank: 0 }]],
      },
      { type: 'QUERY_SUB', query: 'q', map: MAP },
    ];
    for (let i = rng.int(1, 4); i > 0; i--) {
      if (rng.chance(0.3))
        link.send(
          'server',
          Uint8Array.from({ length: rng.int(0, 200) }, () => rng.int(0, 255)),
        );
      else link.send('server', encode(rng.pick(messages)));
    }
  },
};
