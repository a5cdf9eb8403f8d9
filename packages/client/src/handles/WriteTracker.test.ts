import { describe, expect, it } from 'vitest';
import { clientError } from '../errors.js';
import { WriteTracker } from './WriteTracker.js';

describe('WriteTracker', () => {
  it('[SRV-6] a handle learns its own answer, asked before or after it came', async () => {
    const writes = new WriteTracker(() => Promise.resolve());
    const [a, b] = [writes.follow(1), writes.follow(2)];
    const early = a.settled();
    writes.settle({ type: 'settled', seq: 1, outcome: 'applied' });
    writes.settle({ type: 'settled', seq: 2, outcome: 'rejected', code: 'DENIED' });
    expect(await early).toEqual({ outcome: 'applied' });
    expect(await b.settled()).toEqual({ outcome: 'rejected', code: 'DENIED' });
    await a.durable();
  });

  it('a closed client rejects what is still waited for', async () => {
    const writes = new WriteTracker(() => Promise.resolve());
    const write = writes.follow(1);
    const waiting = write.settled();
    writes.close(clientError('CLIENT_CLOSED', 'closed'));
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(write.settled()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});
