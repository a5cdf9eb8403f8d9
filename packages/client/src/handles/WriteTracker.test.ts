import { describe, expect, it } from 'vitest';
import { REACH, type Reach } from '../engine/PendingOp.js';
import { clientError } from '../errors.js';
import { WriteTracker } from './WriteTracker.js';

/** A log of writes, and how far each has come. */
function trackedWrites() {
  const reaches = new Map<number, Reach | -1>();
  const asked: (readonly [seq: number, reach: Reach])[] = [];
  const engine = {
    reach: (seq: number) => reaches.get(seq),
    ask: (seq: number, reach: Reach) => void asked.push([seq, reach]),
    isVolatile: (map: string) => map === 'known volatile',
  };
  return { reaches, asked, writes: new WriteTracker(engine, () => Promise.resolve()) };
}

describe('WriteTracker', () => {
  it('[SRV-6] a handle learns its own answer, asked before or after it came', async () => {
    const { writes } = trackedWrites();
    const [a, b, c, d] = [
      writes.follow(1, 'm'),
      writes.follow(2, 'm'),
      writes.follow(3, 'm'),
      writes.follow(4, 'm'),
    ];
    const early = a.reached('persisted');
    writes.settle({ type: 'settled', seq: 1, outcome: 'applied' });
    writes.settle({ type: 'settled', seq: 2, outcome: 'rejected', code: 'DENIED' });
    writes.settle({ type: 'settled', seq: 3, outcome: 'changed' });
    writes.settle({ type: 'settled', seq: 4, outcome: 'superseded' });
    expect(await early).toEqual({ name: 'persisted' });
    expect(await b.reached('applied')).toEqual({ name: 'rejected', reason: 'DENIED' });
    expect(c.state).toEqual({ name: 'persisted', isChanged: true });
    expect(d.state).toEqual({ name: 'superseded' });
  });

  it('[SRV-9] the state names the level, and each level wakes those who wait for no more', async () => {
    const { reaches, asked, writes } = trackedWrites();
    const write = writes.follow(1, 'm');
    reaches.set(1, -1);
    expect(write.state).toEqual({ name: 'local' });
    reaches.set(1, REACH.NOTHING);
    expect(write.state).toEqual({ name: 'durable' });
    const seen: string[] = [];
    for (const level of ['sent', 'received', 'applied', 'persisted'] as const)
      void write.reached(level).then(({ name }) => seen.push(`${level}: ${name}`));
    expect(asked).toEqual([
      [1, REACH.SENT],
      [1, REACH.RECEIVED],
      [1, REACH.APPLIED],
    ]);
    reaches.set(1, REACH.APPLIED);
    writes.reached({ type: 'reached', seq: 1, reach: REACH.APPLIED });
    await Promise.resolve();
    await Promise.resolve();
    expect(seen).toEqual(['sent: applied', 'received: applied', 'applied: applied']);
    writes.settle({ type: 'settled', seq: 1, outcome: 'applied' });
    expect(await write.reached('persisted')).toEqual({ name: 'persisted' });
    expect(seen.at(-1)).toBe('persisted: persisted');
  });

  it('[SRV-10] on a map that memory alone keeps a write ends applied, and nobody can wait for more', async () => {
    const { writes } = trackedWrites();
    const [told, untold] = [writes.follow(1, 'known volatile'), writes.follow(2, 'm')];
    await expect(told.reached('persisted')).rejects.toMatchObject({ code: 'VOLATILE_MAP' });
    const waiting = untold.reached('persisted');
    for (const seq of [1, 2])
      writes.settle({ type: 'settled', seq, outcome: 'applied', code: 'VOLATILE_MAP' });
    await expect(waiting).rejects.toMatchObject({ code: 'VOLATILE_MAP' });
    await expect(untold.reached('persisted')).rejects.toMatchObject({ code: 'VOLATILE_MAP' });
    expect(await untold.reached('applied')).toEqual({ name: 'applied' });
    expect([told.state, untold.state]).toEqual([{ name: 'applied' }, { name: 'applied' }]);
  });

  it('[DEV-6] a replaced write ends superseded, by the handle of the newer one', async () => {
    const { writes } = trackedWrites();
    const [old, newer] = [writes.follow(1, 'm'), writes.follow(2, 'm')];
    writes.settle({ type: 'settled', seq: 1, outcome: 'superseded', by: 2 });
    writes.settle({ type: 'settled', seq: 2, outcome: 'applied' });
    const state = await old.reached('persisted');
    expect(state.name === 'superseded' && state.by).toBe(newer);
    expect(newer.state.name).toBe('persisted');
  });

  it('[ID-2] a write whose op got a new id is followed under that', async () => {
    const { writes } = trackedWrites();
    const write = writes.follow(1, 'm');
    const waiting = write.reached('persisted');
    writes.settle({ type: 'settled', seq: 1, outcome: 'superseded', by: 9 });
    expect(write.state.name).toBe('local');
    writes.settle({ type: 'settled', seq: 9, outcome: 'applied' });
    expect(await waiting).toEqual({ name: 'persisted' });
  });

  it('a closed client rejects what is still waited for', async () => {
    const { reaches, writes } = trackedWrites();
    const write = writes.follow(1, 'm');
    reaches.set(1, REACH.NOTHING);
    const waiting = write.reached('persisted');
    writes.close(clientError('CLIENT_CLOSED', 'closed'));
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(write.reached('applied')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});
