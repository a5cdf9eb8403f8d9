import { packTime } from '@topgun/core';
import type { StoredRecord } from '@topgun/server/engine';
import { watchCommits } from '@topgun/sim/internal/oracle/KnownData';
import { Rng } from '@topgun/sim/internal/rng';
import type { Hearsay } from './Actor.js';
import { Actor } from './Actor.js';
import { actions } from './actions/index.js';
import type { Case } from './Case.js';
import { drawRow, Mint } from './draw/drawRow.js';
import { Leak } from './Leak.js';
import { OracleNode } from './OracleNode.js';
import type { Tally } from './Tally.js';

/** What a case came to. */
export interface Found {
  readonly outlet: string;
  readonly what: string;
  /** of the step that it came in, from 0 */
  readonly step: number;
}

/** Something put into the running server for one case; returns how to take it out. */
export type Planted = (node: OracleNode) => () => void;

const byName = new Map(actions.map((action) => [action.name, action]));

/** Runs a case up to its first leak; undefined when nothing left that should not. */
export function runCase(one: Case, tally: Tally, plant?: Planted): Found | undefined {
  const mint = new Mint();
  const rng = Rng.of(one.seed, 'server');
  const node = new OracleNode(one.policies, () => rng.u32(), tally);
  const unwatch = watchCommits(node.data);
  const takeOut = plant?.(node);
  tally.seeds++;
  tally.policySets++;
  let step = -1;
  try {
    const hearsay: Hearsay = { keys: new Map(), cursors: new Map(), digests: [], tags: [] };
    node.smuggle(imported(rng, mint, hearsay, node.now));
    node.restart();
    const actors = one.people.map((principal) => new Actor(node, principal, hearsay, mint));
    for (const actor of actors) actor.connect();
    node.settle();
    for (const actor of actors) actor.follow();
    for (const { does, who, seed } of one.steps) {
      step++;
      const action = byName.get(does);
      const actor = actors[who];
      if (action === undefined || actor === undefined)
        throw new Error(`There is no action ${does} of ${who}.`);
      const own = new Rng(seed);
      if (does === 'policies') tally.policySets++;
      if (actor.conn === undefined) actor.connect();
      while (does !== 'stranger' && node.isChecking(actor.conn)) node.verify();
      for (const each of actors) each.follow();
      action.run({ node, actors, actor, hearsay, mint, rng: own });
      node.now += own.int(0, 3);
      // Several inputs may share a turn, and a commit may take several.
      if (own.chance(0.7)) node.verify();
      if (own.chance(0.6)) node.complete();
      if (own.chance(0.7)) node.tick();
      if (own.chance(0.15)) node.settle();
    }
    node.settle();
    return undefined;
  } catch (error) {
    if (!(error instanceof Leak)) throw error;
    return { outlet: error.outlet, what: error.message, step };
  } finally {
    takeOut?.();
    unwatch();
  }
}

/** What was there before the server was: records whose versions are canaries, too. */
function imported(rng: Rng, mint: Mint, { keys }: Hearsay, now: number): StoredRecord[] {
  return ['notes', 'docs:a', 'judged:version'].flatMap((map) => {
    const own = Array.from({ length: 6 }, () => `k-${mint.text()}`);
    keys.set(map, own);
    return own.map((key, i): StoredRecord => {
      const drawn = drawRow(rng, mint);
      const value =
        map === 'judged:version' ? { owner: 'ann', version: mint.number(), title: mint.text() } : drawn;
      return {
        map,
        key,
        kind: 'LWW',
        value,
        t: packTime(now - 100_000, i),
        node: mint.text(),
        epoch: 1,
        n: i + 1,
        owner: 'ann',
      };
    });
  });
}
