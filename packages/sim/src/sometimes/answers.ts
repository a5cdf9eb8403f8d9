import type { OpsMessage } from '@topgun/protocol';
import type { World } from '../World.js';
import type { Observer } from './Observer.js';

const points = [
  'op sent again after its commit',
  'op sent again before its commit',
  'op refused',
  'op refused while later ops wait',
  'op refused in a tab that is not the leader',
  'op superseded',
  'write replaced before it was logged',
  'removal answered',
  'late op of a dead tab committed',
  'answer to an op that was on disk before a server crash',
  'flush failed',
  'commit unknown',
  'commit unknown that was stored',
  'crash after commit, before answer',
  'op put off because too many wait for the disk',
] as const;

/** Ops and what the server says to them. */
export const answers: Observer = {
  points: points.map((name) => ({ name })),
  watch(world) {
    const reach = (point: (typeof points)[number]): void => world.sometimes(point);
    const sentBefore = new Set<string>();
    let crashes = 0;
    const committedInLife = new Map<string, number>();
    return {
      received(message) {
        if (message.type !== 'OPS') return;
        for (const id of idsOf(message)) {
          const isOnDisk = world.store.outcomeOf(id.session, id.seq) !== undefined;
          const key = `${id.session}:${id.seq}`;
          if (isOnDisk) {
            reach('op sent again after its commit');
            if ((committedInLife.get(key) ?? 0) < crashes)
              reach('answer to an op that was on disk before a server crash');
          } else if (sentBefore.has(key)) reach('op sent again before its commit');
          sentBefore.add(key);
          if (!isOnDisk && !lives(world, id.session)) reach('late op of a dead tab committed');
        }
      },
      committed(batch) {
        crashes = world.counts.get('fault server crash') ?? 0;
        for (const { dedup } of batch.slices)
          for (const { session, entries } of dedup)
            for (const { seq } of entries) committedInLife.set(`${session}:${seq}`, crashes);
      },
      sending(message) {
        if (message.type !== 'OP_ACK') return;
        if (message.ex?.some(([, code]) => code === 'UNAVAILABLE'))
          reach('op put off because too many wait for the disk');
      },
      event(realm, event) {
        if (event.type !== 'settled') return;
        const { outcome, seq } = event;
        if (outcome === 'rejected') {
          reach('op refused');
          if (realm.engine.pendingOps() > 0) reach('op refused while later ops wait');
          if (!realm.engine.isLeader()) reach('op refused in a tab that is not the leader');
        }
        if (outcome === 'superseded' && event.by === undefined) reach('op superseded');
        if (event.by !== undefined) reach('write replaced before it was logged');
        const kind = world.ledger.bySeq(realm.session, seq)?.kind;
        if (outcome === 'applied' && (kind === 'remove' || kind === 'take')) reach('removal answered');
      },
    };
  },
};

const idsOf = ({ session, rows }: OpsMessage): { readonly session: string; readonly seq: number }[] =>
  rows.map(([seq]) => ({ session, seq }));

const lives = (world: World, session: string): boolean =>
  world.realms().some((realm) => realm.session === session);
