import { BASE, CONCERN, OP, type SubRow } from '@topgun/protocol';
import { drawRow } from '../draw/drawRow.js';
import { FIELDS, JOINT_MAPS, LWW_MAPS } from '../world.js';
import { type Action, jointKeyOf, keyOf, type Stage } from './Action.js';

/** A value to put; under masks only those fields are admitted that it names, so sometimes it names few. */
function drawPut(stage: Stage, map: string): unknown {
  const { rng, mint } = stage;
  const value = drawRow(rng, mint);
  if (typeof value !== 'object' || Array.isArray(value) || value === null) return value;
  if (map === 'judged:version' && rng.chance(0.7)) return { ...value, version: rng.int(1, 3) };
  if (!rng.chance(0.3)) return value;
  const kept = FIELDS.filter(() => rng.chance(0.4)) as readonly string[];
  return Object.fromEntries(Object.entries(value).filter(([name]) => kept.includes(name)));
}

export const put: Action = {
  name: 'put',
  weight: 40,
  run(stage) {
    const { actor, rng } = stage;
    const map = rng.pick(LWW_MAPS);
    const writes = Array.from({ length: rng.chance(0.3) ? rng.int(2, 4) : 1 }, () => ({
      code: OP.PUT,
      key: keyOf(stage, map),
      payload: drawPut(stage, map),
      ...(rng.chance(0.08) && { ttlMs: rng.int(500, 20_000) }),
    }));
    const concern = rng.chance(0.8)
      ? CONCERN.PERSISTED
      : rng.pick([CONCERN.MEMORY, CONCERN.APPLIED, CONCERN.REPLICATED]);
    actor.ops([map], writes, concern);
  },
};

/** Writes that lose, to keys that their writer may not see. */
export const putLate: Action = {
  name: 'put late',
  weight: 6,
  run(stage) {
    const { actor, rng } = stage;
    const map = rng.pick(LWW_MAPS);
    const key = keyOf(stage, map);
    const base = rng.chance(0.3) ? ([BASE.OWN_OP, actor.session, rng.int(1, 9)] as const) : null;
    actor.ops(
      [map],
      [
        {
          code: rng.chance(0.8) ? OP.PUT : OP.REMOVE,
          key,
          payload: drawPut(stage, map),
          agoMs: rng.int(1, 40_000),
          base,
        },
      ],
    );
  },
};

export const remove: Action = {
  name: 'remove',
  weight: 3,
  run(stage) {
    const map = stage.rng.pick(LWW_MAPS);
    stage.actor.ops([map], [{ code: OP.REMOVE, key: keyOf(stage, map) }]);
  },
};

export const add: Action = {
  name: 'add',
  weight: 9,
  run(stage) {
    const { actor, hearsay, rng, mint } = stage;
    const key = keyOf(stage, 'tags');
    for (let left = rng.int(1, 3); left > 0; left--) {
      actor.ops(['tags'], [{ code: OP.OR_ADD, key, payload: drawRow(rng, mint) }]);
      hearsay.tags.push({ map: 'tags', key, tag: `${actor.clientId}:${actor.session}:${actor.seq}` });
    }
  },
};

/** Tags of one's own and of others. */
export const take: Action = {
  name: 'take',
  weight: 3,
  run({ actor, hearsay, rng }) {
    if (hearsay.tags.length === 0) return;
    const { map, key, tag } = rng.pick(hearsay.tags);
    actor.ops([map], [{ code: OP.OR_REMOVE, key, payload: [tag] }]);
  },
};

/** A counter begins with a canary; what is added to it is little. */
export const increment: Action = {
  name: 'increment',
  weight: 5,
  run(stage) {
    const { actor, hearsay, mint, rng } = stage;
    const isNew = (hearsay.keys.get('counts')?.length ?? 0) < 5;
    const key = keyOf(stage, 'counts');
    actor.ops(
      ['counts'],
      [{ code: OP.INCREMENT, key, payload: isNew && rng.chance(0.7) ? mint.number() : rng.pick([1, 2, -1]) }],
    );
  },
};

export const transaction: Action = {
  name: 'transaction',
  weight: 4,
  run(stage) {
    const { actor, rng } = stage;
    const maps = [...JOINT_MAPS];
    const subs = maps.map((map, at): SubRow => {
      const code = rng.chance(0.85) ? OP.PUT : OP.REMOVE;
      return [code, at, jointKeyOf(stage, map), null, code === OP.PUT ? drawPut(stage, map) : null];
    });
    const [, , key] = subs[0] as SubRow;
    actor.ops(maps, [{ code: OP.TRANSACTION, key, payload: subs }]);
  },
};

/** The same op once more, also as another op under its id. */
export const again: Action = {
  name: 'send again',
  weight: 6,
  run(stage) {
    const { actor, rng } = stage;
    if (actor.sent.length === 0) return;
    const op = rng.pick(actor.sent);
    if (rng.chance(0.8)) return actor.again(op);
    const [seq, , at, key, t, base] = op.row;
    actor.again({ maps: op.maps, row: [seq, OP.PUT, at, key, t, base, { title: stage.mint.text() }] });
  },
};

/** Ops for sessions of others, of the wrong kind, over partitions, too far ahead. */
export const forged: Action = {
  name: 'forged op',
  weight: 3,
  run(stage) {
    const { actor, actors, rng, mint } = stage;
    const map = rng.pick(LWW_MAPS);
    const key = keyOf(stage, map);
    switch (rng.int(0, 3)) {
      case 0:
        return actor.ops(
          [map],
          [{ code: OP.PUT, key, payload: mint.text() }],
          CONCERN.PERSISTED,
          rng.pick(actors).session,
        );
      case 1:
        return actor.ops([map], [{ code: OP.INCREMENT, key, payload: 1 }]);
      case 2:
        return actor.ops([map], [{ code: OP.PUT, key, payload: mint.text(), agoMs: -3_600_000 }]);
      default: {
        const other = keyOf(stage, 'notes');
        const subs: SubRow[] = [
          [OP.PUT, 0, key, null, mint.text()],
          [OP.PUT, 1, other, null, mint.text()],
        ];
        return actor.ops([map, 'notes'], [{ code: OP.TRANSACTION, key, payload: subs }]);
      }
    }
  },
};
