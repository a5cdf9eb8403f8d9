import { packTime } from '@topgun/core';
import type { StoredRecord } from '@topgun/server/engine';
import { drawPolicies, drawPrincipal } from '../draw/drawPolicies.js';
import { drawRow } from '../draw/drawRow.js';
import { ROOT } from '../world.js';
import { type Action, keyOf } from './Action.js';

export const policies: Action = {
  name: 'policies',
  weight: 0.7,
  run: ({ node, rng }) => node.setPolicies(drawPolicies(rng)),
};

/** Another token on the same socket, with other roles and claims. */
export const renew: Action = {
  name: 'renew',
  weight: 1.2,
  run({ actor, rng }) {
    if (actor.sub === ROOT.sub) return;
    actor.principal = drawPrincipal(rng, actor.sub);
    actor.authenticate();
  },
};

export const reconnect: Action = {
  name: 'reconnect',
  weight: 2,
  run: ({ actor }) => actor.connect(),
};

/** The network does not take what the connection is sent, and then it does. */
export const pressed: Action = {
  name: 'pressed',
  weight: 1,
  run({ actor, node, rng }) {
    if (actor.conn === undefined) return;
    node.pressed(actor.conn, true);
    if (rng.chance(0.8)) node.pressed(actor.conn, false);
  },
};

export const pass: Action = {
  name: 'pass',
  weight: 2,
  run: ({ node, rng }) => node.pass(rng.chance(0.8) ? rng.int(1, 2_000) : rng.int(5_000, 70_000)),
};

/** The server goes, saying so or not, and comes back; now and then its store has a record from the future by then. */
export const restart: Action = {
  name: 'restart',
  weight: 0.25,
  run(stage) {
    const { node, actors, mint, rng } = stage;
    if (rng.chance(0.5)) {
      node.engine.drain(node.now);
      node.settle();
    }
    const key = keyOf(stage, 'notes');
    const isPoisoned = rng.chance(0.5);
    if (isPoisoned) node.smuggle([fromTheFuture(key, drawRow(rng, mint), node.now, mint.text())]);
    node.restart();
    for (const actor of actors) actor.connect();
    node.settle();
    if (isPoisoned) node.repair('notes', key);
  },
};

function fromTheFuture(key: string, value: unknown, now: number, session: string): StoredRecord {
  const t = packTime(now + 10 ** 10, 0);
  return { map: 'notes', key, kind: 'LWW', value, t, node: session, epoch: now, n: 1 };
}
