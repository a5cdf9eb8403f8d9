import type { OpAckMessage } from '@topgun/protocol';
import { ACK_LEVEL, OUTCOME } from '@topgun/protocol';
import type { World } from '../World.js';
import type { Checker } from './Checker.js';

/** After it a device's store is not what it was. */
const EVICTED = 'fault device store evicted';

/**
 * RES-3: a device that is resumed by cursor has what it had stored and what changed since, so the roots are equal at once.
 * A walk would mend whatever is missing here, and hide it. Holds as long as the connection loses and turns round nothing.
 *
 * Excepted are maps of which a device was told an untruth that no cursor knows of (SRV-6): that its write was applied at an offset where
 * nothing stands, because it might not read the row that won. If it may read all again before it asks, it resumes from the cursor of
 * before, with that write in base, until a walk has come to its end: only the root finds it out.
 */
export const resumes: Checker = {
  watch(world) {
    /** By link and map: how far the resume of a scope has come. */
    const states = new Map<string, 'asked' | 'answered'>();
    /** By link: who speaks there. */
    const clients = new Map<number, string>();
    /** Clients and maps of which they were told an untruth. */
    const misled = new Set<string>();
    return {
      received(message, _, link) {
        if (message.type === 'AUTH') clients.set(link, message.clientId);
        if (message.type !== 'SYNC_INIT') return;
        const scope = `${link} ${message.map}`;
        if (message.cursor === undefined && states.get(scope) === 'answered') {
          world.count('walk after a resume');
          const isMisled = misled.has(`${clients.get(link)} ${message.map}`);
          const isJudged = !isMisled && !world.counts.has(EVICTED);
          if (isJudged && isStream(world, link) && !world.mayLag(link))
            world.fail(`RES-3: ${message.map} was not equal after it had been resumed by cursor`);
        }
        if (message.cursor === undefined) states.delete(scope);
        else states.set(scope, 'asked');
      },
      sending(message, _, link) {
        if (message.type === 'OP_ACK')
          for (const map of untruths(world, message)) misled.add(`${clients.get(link)} ${map}`);
        else if (message.type === 'SYNC_DELTA') world.count('changes since a cursor sent');
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

/** Maps of the writes that are answered as if they had been applied, and were not. */
function* untruths(world: World, { session, level, spans, pos }: OpAckMessage): Generator<string> {
  if (level !== ACK_LEVEL.PERSISTED) return;
  let i = 0;
  for (const [from, count, outcome] of spans) {
    for (let seq = from; seq < from + count; seq++) {
      const n = pos[2 * i++ + 1] as number;
      const isSaid = n > 0 && (outcome === OUTCOME.APPLIED || outcome === OUTCOME.DUPLICATE);
      const write = isSaid ? world.ledger.bySeq(session, seq) : undefined;
      const stored = world.store.outcomeOf(session, seq)?.outcome ?? OUTCOME.APPLIED;
      if (write !== undefined && stored !== OUTCOME.APPLIED) yield write.map;
    }
  }
}

/** Whether a connection has done nothing that no stream does. */
const isStream = ({ network }: World, id: number): boolean =>
  [...network.links].some((link) => link.id === id && !link.isDisordered);
