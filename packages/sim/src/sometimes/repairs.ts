import type { Observer } from './Observer.js';

const points = [
  'record from the future repaired',
  'write to a record from the future',
  'write on top of a repair',
] as const;

/** Records from the future (CLK-7). */
export const repairs: Observer = {
  points: points.map((name) => ({ name })),
  watch: (world) => ({
    received(message) {
      if (message.type !== 'OPS') return;
      for (const [, , mapIdx, key] of message.rows) {
        const record = world.store.get(message.maps[mapIdx] ?? '', key);
        if ((record?.t ?? 0) / 2048 > world.trueWallMs() + 60_000)
          world.sometimes('write to a record from the future');
        else if (record?.repaired !== undefined) world.sometimes('write on top of a repair');
      }
    },
  }),
};
