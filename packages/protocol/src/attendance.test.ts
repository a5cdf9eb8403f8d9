import { describe, expect, it } from 'vitest';
import { Attendance } from './attendance.js';

describe('Attendance', () => {
  it('[PRES-1] who is on several nodes is listed once, by name, since the earliest time', () => {
    const attendance = new Attendance();
    attendance.take(
      {
        node: 'a',
        joined: [
          ['cat', 5],
          ['ann', 7],
        ],
      },
      10,
    );
    attendance.take({ node: 'b', joined: [['ann', 6]] }, 10);
    expect(attendance.list(10)).toEqual([
      { user: 'ann', sinceMs: 6 },
      { user: 'cat', sinceMs: 5 },
    ]);
    attendance.take({ node: 'b', left: ['ann'] }, 11);
    expect(attendance.list(11)).toMatchObject([{ user: 'ann', sinceMs: 7 }, { user: 'cat' }]);
  });

  it('[PRES-3] a full list takes the place of what a node said before, and of no other node', () => {
    const attendance = new Attendance();
    attendance.take(
      {
        node: 'a',
        joined: [
          ['ann', 1],
          ['ben', 1],
        ],
      },
      1,
    );
    attendance.take({ node: 'b', joined: [['cat', 1]] }, 1);
    attendance.take({ node: 'a', all: true, joined: [['ben', 1]] }, 2);
    attendance.take({ node: 'a', joined: [['dan', 1]] }, 2);
    expect(attendance.list(2).map(({ user }) => user)).toEqual(['ben', 'cat', 'dan']);
  });

  it('[PRES-4] a state holds for its time, and makes its user present', () => {
    const attendance = new Attendance();
    attendance.take({ node: 'a', joined: [['ann', 1]] }, 1);
    attendance.take(
      {
        node: 'b',
        states: [
          ['ann', { typing: true }, 100],
          ['ben', 'away', 50],
        ],
      },
      20,
    );
    expect(attendance.list(49)).toEqual([
      { user: 'ann', sinceMs: 1, state: { typing: true } },
      { user: 'ben', sinceMs: 20, state: 'away' },
    ]);
    attendance.take({ node: 'a', states: [['ben', 'back', 90]] }, 40);
    expect(attendance.list(50)).toMatchObject([{ user: 'ann' }, { user: 'ben', sinceMs: 20, state: 'back' }]);
    attendance.take({ node: 'b', states: [['ann', null, 200]] }, 60);
    expect(attendance.list(60)).toMatchObject([{ user: 'ann', sinceMs: 1 }, { user: 'ben' }]);
    expect(attendance.list(90)).toEqual([{ user: 'ann', sinceMs: 1 }]);
  });

  it('[PRES-7] of several states of a user the last one set stands, and goes with its node', () => {
    const attendance = new Attendance();
    attendance.take({ node: 'a', joined: [['ann', 1, 'at a', 5]] }, 5);
    attendance.take({ node: 'b', joined: [['ann', 2, 'at b', 9]] }, 9);
    attendance.take({ node: 'a', all: true, joined: [['ann', 1, 'at a', 5]] }, 20);
    expect(attendance.list(20)).toEqual([{ user: 'ann', sinceMs: 1, state: 'at b' }]);
    attendance.take({ node: 'b', left: ['ann'] }, 21);
    expect(attendance.list(21)).toEqual([{ user: 'ann', sinceMs: 1, state: 'at a' }]);
    attendance.take({ node: 'a', joined: [['ann', 1]] }, 22);
    expect(attendance.list(22)).toEqual([{ user: 'ann', sinceMs: 1 }]);
  });

  it('[PRES-3] what a node said holds for a minute', () => {
    const attendance = new Attendance();
    attendance.take({ node: 'a', joined: [['ann', 1]] }, 1_000);
    attendance.take({ node: 'b', joined: [['ben', 1]] }, 30_000);
    expect(attendance.list(60_999).map(({ user }) => user)).toEqual(['ann', 'ben']);
    expect(attendance.list(61_000).map(({ user }) => user)).toEqual(['ben']);
  });
});
