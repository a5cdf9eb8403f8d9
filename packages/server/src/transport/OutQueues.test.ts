import { describe, expect, it } from 'vitest';
import { OutQueues } from './OutQueues.js';

/** A socket whose network takes what the test says. */
class Pipe {
  readonly name: string;
  unsentBytes = 0;
  takenBytes = 0;
  readonly #queues: OutQueues<Pipe>;

  constructor(name: string, queues: OutQueues<Pipe>) {
    this.name = name;
    this.#queues = queues;
  }

  write(bytes: number): void {
    this.unsentBytes += bytes;
    this.#queues.wrote(this, bytes);
  }

  take(bytes: number): void {
    this.unsentBytes -= bytes;
    this.takenBytes += bytes;
  }
}

function world(bytesMax = 1_000_000) {
  const closed: string[] = [];
  const queues = new OutQueues<Pipe>({
    bytesMax,
    stalledMs: 30_000,
    tooSlow: (pipe, limit) => closed.push(`${pipe.name} ${limit}`),
  });
  return { queues, closed, pipe: (name: string) => new Pipe(name, queues) };
}

describe('OutQueues', () => {
  it('[FLOW-6] finds a socket that takes nothing by the age of what it holds, however little that is', () => {
    const { queues, closed, pipe } = world();
    const [still, slow] = [pipe('still'), pipe('slow')];
    still.write(10);
    slow.write(100_000);
    // However late the first look is, it is the first.
    queues.watch(1_000);
    for (let second = 2; second <= 30; second++) {
      slow.take(1);
      // More to send is no movement.
      still.write(1);
      queues.watch(second * 1_000);
    }
    expect(closed).toEqual([]);
    queues.watch(31_000);
    expect(closed).toEqual(['still stalledMs']);
    queues.watch(90_000);
    expect(closed).toEqual(['still stalledMs', 'slow stalledMs']);
  });

  it('[FLOW-6] forgets sockets that have caught up or gone', () => {
    const { queues, closed, pipe } = world();
    const [quick, gone] = [pipe('quick'), pipe('gone')];
    quick.write(10);
    gone.write(10);
    quick.take(10);
    queues.left(gone);
    queues.watch(1_000);
    expect(queues.size).toBe(0);
    quick.write(10);
    queues.watch(30_000);
    expect(closed).toEqual([]);
  });

  it('[FLOW-7] keeps all sockets together below the limit: who has stood still the longest goes first, of equal ones the largest', () => {
    const { queues, closed, pipe } = world(1_000);
    const [moving, old, large, small] = [pipe('moving'), pipe('old'), pipe('large'), pipe('small')];
    old.write(100);
    moving.write(500);
    queues.watch(1_000);
    queues.watch(2_000);
    moving.take(1);
    queues.watch(3_000);
    large.write(250);
    small.write(150);
    expect(closed).toEqual([]);
    small.write(100);
    expect(closed).toEqual(['old outQueuesHeapShare']);
    moving.take(1);
    queues.watch(4_000);
    small.write(300);
    expect(closed).toEqual(['old outQueuesHeapShare', 'small outQueuesHeapShare']);
  });

  it('[FLOW-7] never holds much more than the limit, whatever is written between two looks', () => {
    const closed = new Set<Pipe>();
    const counting = new OutQueues<Pipe>({
      bytesMax: 1_000_000,
      stalledMs: 1,
      tooSlow: (socket) => closed.add(socket),
    });
    const pipes = Array.from({ length: 50 }, (_, i) => new Pipe(String(i), counting));
    for (let i = 0; i < 5_000; i++) {
      const socket = pipes[i % 50] as Pipe;
      if (closed.has(socket)) continue;
      socket.write(1_000);
      const held = pipes.filter((each) => !closed.has(each)).reduce((sum, each) => sum + each.unsentBytes, 0);
      expect(held).toBeLessThanOrEqual(1_000_000 + 1_000_000 / 64 + 1_000);
    }
    expect(closed.size).toBeGreaterThan(0);
  });
});
