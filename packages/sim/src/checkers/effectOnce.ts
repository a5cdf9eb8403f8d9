import { MAPS } from '../workload/maps.js';
import type { Checker } from './Checker.js';

/** D4, ID-1 and C7: no op id names two writes or has two outcomes; the counter is the sum of the increments that took effect, each once. */
export const effectOnce: Checker = {
  atEnd(world) {
    const { store, ledger } = world;
    for (const id of ledger.reused) world.fail(`ID-1: ${id} names two writes`);
    for (const id of store.doubled) world.fail(`D4: op ${id} has two durable outcomes`);
    let expected = 0;
    for (const [id, entry] of store.outcomes) {
      const [, session, seq] = id.split(':') as [string, string, string];
      const write = ledger.bySeq(session, Number(seq));
      if (entry.outcome !== 0) continue;
      if (write?.kind === 'increment') expected += write.id;
      else expected += write?.adds ?? 0;
    }
    const record = store.get(MAPS.likes, MAPS.likes);
    const [plus, minus] = (record?.value as [number, number] | undefined) ?? [0, 0];
    if (plus - minus !== expected)
      world.fail(`C7: the counter is ${plus - minus}, the increments that took effect sum up to ${expected}`);
  },
};
