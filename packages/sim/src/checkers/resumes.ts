import type { Checker } from './Checker.js';

/** Faults after which a stream is none any more, or a device's store is not what it was. */
const BREAKING = ['drop', 'duplicate', 'reorder', 'device store evicted'].map((name) => `fault ${name}`);

/**
 * RES-3: a device that is resumed by cursor has what it had stored and what changed since, so the roots are equal at once.
 * A walk would mend whatever is missing here, and hide it. Holds while the network loses and turns round nothing.
 */
export const resumes: Checker = {
  watch(world) {
    /** By link and map: how far the resume of a scope has come. */
    const states = new Map<string, 'asked' | 'answered'>();
    return {
      received(message, _, link) {
        if (message.type !== 'SYNC_INIT') return;
        const scope = `${link} ${message.map}`;
        if (message.cursor === undefined && states.get(scope) === 'answered') {
          world.count('walk after a resume');
          if (!BREAKING.some((fault) => world.counts.has(fault)))
            world.fail(`RES-3: ${message.map} was not equal after it had been resumed by cursor`);
        }
        if (message.cursor === undefined) states.delete(scope);
        else states.set(scope, 'asked');
      },
      sending(message, _, link) {
        if (message.type === 'SYNC_DELTA') world.count('changes since a cursor sent');
        else if (message.type === 'MERKLE_RESP') world.count('Merkle walk');
        else if (message.type === 'CURSOR')
          world.count(message.req === undefined ? 'fresh cursor' : 'catch-up in steps');
        else if (message.type === 'SYNC_ROOT') {
          const scope = `${link} ${message.map}`;
          const isResumed =
            states.get(scope) === 'asked' && message.proof !== undefined && message.parts === undefined;
          if (isResumed) world.count('resumed by cursor');
          // Opened again later, a scope may have lost its cursor for good reasons.
          if (isResumed) states.set(scope, 'answered');
          else states.delete(scope);
        }
      },
    };
  },
};
