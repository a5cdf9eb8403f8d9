import { describe, expect, it } from 'vitest';
import { Connection } from '../Connection.js';
import { Barrier } from './Barrier.js';

const VERDICT = { principal: { sub: 'ann', roles: [], claims: {} } };

class Door {
  readonly asked: number[] = [];
  readonly begun: number[] = [];
  /** the last flush that began, and the last of which it is known what became of it */
  flush = 0;
  settled = 0;
  readonly barrier: Barrier;

  constructor() {
    this.barrier = new Barrier({ ask: (round) => this.asked.push(round) }, this, (conn) =>
      this.begun.push(conn.id),
    );
  }

  isSettled(flush: number): boolean {
    return flush <= this.settled;
  }

  come(id: number): void {
    expect(this.barrier.holds(new Connection(id, 'test', 0), VERDICT)).toBe(true);
  }
}

describe('Barrier', () => {
  it('[CLU-23] asks once for all who come in a turn, and lets them in when nothing is missing', () => {
    const door = new Door();
    door.come(1);
    door.come(2);
    door.barrier.tick();
    expect(door.asked).toEqual([1]);
    door.barrier.settle(false);
    expect(door.begun).toEqual([]);
    door.barrier.answered(1);
    door.barrier.settle(true);
    expect(door.begun).toEqual([]);
    door.barrier.settle(false);
    expect(door.begun).toEqual([1, 2]);
  });

  it('[CLU-23] waits until it is known what became of the flush that ran, and for no later one', () => {
    const door = new Door();
    door.flush = 3;
    door.settled = 2;
    door.come(1);
    door.barrier.tick();
    door.barrier.answered(1);
    door.barrier.settle(false);
    expect(door.begun).toEqual([]);
    door.flush = 4;
    door.settled = 3;
    door.barrier.settle(false);
    expect(door.begun).toEqual([1]);
  });

  it('[CLU-23] [CLU-60] lets them in when it has taken too long', () => {
    const door = new Door();
    door.flush = 1;
    door.come(1);
    door.barrier.tick();
    door.barrier.giveUp(1);
    expect(door.begun).toEqual([1]);
    // What is heard later changes nothing.
    door.barrier.answered(1);
    door.barrier.settle(false);
    expect(door.begun).toEqual([1]);
  });
});
