import { encode } from '@topgun/protocol';
import { drawRow } from '../draw/drawRow.js';
import { MAPS, TOPICS } from '../world.js';
import { type Action, keyOf } from './Action.js';

export const say: Action = {
  name: 'say',
  weight: 6,
  run: ({ actor, mint, rng }) =>
    actor.send({ type: 'TOPIC_PUB', topic: rng.pick(TOPICS), data: drawRow(rng, mint) }),
};

export const ping: Action = {
  name: 'ping',
  weight: 1,
  run: ({ actor, rng }) => actor.send({ type: rng.chance(0.8) ? 'PING' : 'PONG', id: rng.int(0, 99) }),
};

/** Sessions of others are declared and ended as if they were one's own. */
export const sessions: Action = {
  name: 'sessions',
  weight: 1,
  run({ actor, actors, mint, rng }) {
    const session = rng.chance(0.5) ? mint.text() : rng.pick(actors).session;
    if (session === actor.session) return;
    actor.send(
      rng.chance(0.7) ? { type: 'SESSIONS', sessions: [session] } : { type: 'SESSION_END', session },
    );
  },
};

/** Frames that are refused: broken, cut off, of no known type, with foreign names where none belong. */
export const garbage: Action = {
  name: 'garbage',
  weight: 1,
  run(stage) {
    const { actor, rng } = stage;
    const { name: map } = rng.pick(MAPS);
    const frame = encode({ type: 'TOPIC_PUB', topic: 'news', data: { [keyOf(stage, map)]: 1 } }).slice();
    switch (rng.int(0, 2)) {
      case 0:
        return actor.sendBytes(frame.slice(0, rng.int(1, frame.length - 1)));
      case 1:
        frame[1] = 0x7f;
        return actor.sendBytes(frame);
      default:
        return actor.sendBytes(encode({ type: 'SYNC_END', map: `${keyOf(stage, map)} ` }).slice());
    }
  },
};
