import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Listener } from '../testing/HubRig.js';
import { type RoomLimits, Rooms } from './Rooms.js';

const wide: RoomLimits = {
  roomMembersMax: 1_000,
  roomsPerUserMax: 1_000,
  roomMembersTotalMax: 1_000,
  roomIdleMs: 0,
  roomMaxMs: 0,
};

describe('Rooms', () => {
  it('[ROOM-5] [S004-9] a room, a user and all rooms together have their limits; a place is free when its member leaves', () => {
    const rooms = new Rooms({ ...wide, roomMembersMax: 3, roomsPerUserMax: 2, roomMembersTotalMax: 5 });
    const full = (text: string): unknown =>
      expect.objectContaining({ code: 'ROOM_FULL', retriable: true, message: expect.stringContaining(text) });
    const [a, b, c, d] = ['ann', 'ben', 'cat', 'dan'].map((user) => new Listener(user)) as [
      Listener,
      Listener,
      Listener,
      Listener,
    ];
    for (const member of [a, b, c]) rooms.enter('room/1', member, 0);
    expect(() => rooms.enter('room/1', d, 0)).toThrow(full('room/1 has 3'));
    rooms.enter('room/2', a, 0);
    expect(() => rooms.enter('room/3', new Listener('ann'), 0)).toThrow(full('"ann" is in 2'));
    rooms.enter('room/2', b, 0);
    expect(() => rooms.enter('room/3', d, 0)).toThrow(full('together have 5'));
    expect(rooms.stats()).toEqual({
      rooms: 2,
      members: 5,
      refused: { room: 1, user: 1, total: 1 },
      ended: { idle: 0, duration: 0 },
      largest: [3, 2],
    });
    rooms.leave('room/1', a);
    rooms.leave('room/1', a);
    rooms.enter('room/1', d, 0);
    expect(() => rooms.enter('room/3', a, 0)).toThrow(full('together have 5'));
    for (const member of [a, b]) rooms.leave('room/2', member);
    rooms.enter('room/3', a, 0);
    expect(rooms.stats()).toMatchObject({ rooms: 2, members: 4, largest: [3, 1] });
  });

  it('[ROOM-5] a member leaves under the name that it entered with, and the server is no user', () => {
    const rooms = new Rooms({ ...wide, roomsPerUserMax: 1 });
    const member = new Listener('ann');
    rooms.enter('room/1', member, 0);
    member.principal = new Listener('ben').principal;
    rooms.leave('room/1', member);
    rooms.enter('room/1', new Listener('ann'), 0);
    rooms.enter('room/1', new Listener('ben'), 0);
    for (let i = 0; i < 5; i++) rooms.enter('room/1', new Listener(''), 0);
  });

  it('[ROOM-6] [S004-9] who is in a silent room, or stays too long, is overdue', () => {
    const rooms = new Rooms({ ...wide, roomIdleMs: 1_000, roomMaxMs: 5_000 });
    const [a, b, c] = ['ann', 'ben', 'cat'].map((user) => new Listener(user)) as [
      Listener,
      Listener,
      Listener,
    ];
    const overdue = (nowMs: number): unknown =>
      rooms.overdue(nowMs).map(({ topic, subscriber }) => [topic, subscriber.principal.sub]);
    rooms.enter('room/silent', a, 0);
    rooms.enter('room/silent', b, 900);
    rooms.enter('room/loud', c, 0);
    rooms.spoke('room/loud', 900);
    expect(overdue(999)).toEqual([]);
    expect(overdue(1_000)).toEqual([['room/silent', 'ann']]);
    rooms.leave('room/silent', a);
    expect(overdue(1_899)).toEqual([]);
    rooms.spoke('room/loud', 1_800);
    expect(overdue(1_900)).toEqual([['room/silent', 'ben']]);
    rooms.leave('room/silent', b);
    for (let now = 2_000; now < 5_000; now += 500) {
      rooms.spoke('room/loud', now);
      expect(overdue(now)).toEqual([]);
    }
    rooms.spoke('room/loud', 5_000);
    expect(overdue(5_000)).toEqual([['room/loud', 'cat']]);
    expect(rooms.stats().ended).toEqual({ idle: 2, duration: 1 });
  });

  it('[ROOM-6] 0 means never', () => {
    const rooms = new Rooms(wide);
    rooms.enter('room/1', new Listener('ann'), 0);
    expect(rooms.overdue(1e15)).toEqual([]);
  });

  it('[ROOM-5] the counts are those of a slow reckoning, whoever comes and goes', () => {
    const users = ['ann', 'ben', ''];
    const step = fc.record({ enters: fc.boolean(), room: fc.nat(2), who: fc.nat(8) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const rooms = new Rooms({ ...wide, roomMembersMax: 4, roomsPerUserMax: 3, roomMembersTotalMax: 8 });
        const people = Array.from({ length: 9 }, (_, i) => new Listener(users[i % 3] as string));
        const inside: [room: string, member: Listener][] = [];
        for (const { enters, room, who } of steps) {
          const topic = `room/${room}`;
          const member = people[who] as Listener;
          const at = inside.findIndex(([where, known]) => where === topic && known === member);
          if (!enters) {
            rooms.leave(topic, member);
            if (at >= 0) inside.splice(at, 1);
          } else if (at < 0) {
            const ofRoom = inside.filter(([where]) => where === topic).length;
            const { sub } = member.principal;
            const ofUser = sub === '' ? 0 : inside.filter(([, known]) => known.principal.sub === sub).length;
            if (ofRoom >= 4 || ofUser >= 3 || inside.length >= 8)
              expect(() => rooms.enter(topic, member, 0)).toThrow();
            else {
              rooms.enter(topic, member, 0);
              inside.push([topic, member]);
            }
          }
          const { members, rooms: count } = rooms.stats();
          expect([members, count]).toEqual([inside.length, new Set(inside.map(([where]) => where)).size]);
        }
      }),
    );
  });
});
