import { serverError } from '../../errors.js';
import type { Subscriber } from '../ports.js';

/** What rooms may hold; see the settings of these names. */
export interface RoomLimits {
  readonly roomMembersMax: number;
  readonly roomsPerUserMax: number;
  readonly roomMembersTotalMax: number;
  /** 0: never */
  readonly roomIdleMs: number;
  /** 0: never */
  readonly roomMaxMs: number;
}

/** Why somebody may not enter. */
export type RoomRefusal = 'room' | 'user' | 'total';
/** Why somebody was put out. */
export type RoomEnd = 'idle' | 'duration';

/** Somebody who stayed too long. */
export interface Overdue {
  readonly topic: string;
  readonly subscriber: Subscriber;
}

export interface RoomStats {
  readonly rooms: number;
  readonly members: number;
  readonly refused: Readonly<Record<RoomRefusal, number>>;
  readonly ended: Readonly<Record<RoomEnd, number>>;
  /** members of the largest rooms, the largest first */
  readonly largest: readonly number[];
}

interface Member {
  readonly user: string;
  readonly enteredMs: number;
}

interface Room {
  /** in the order in which they entered */
  readonly members: Map<Subscriber, Member>;
  spokenMs: number;
}

const PREFIX = 'room/';
const LARGEST = 10;

export const isRoom = (topic: string): boolean => topic.startsWith(PREFIX);
export const topicOfRoom = (roomId: string): string => `${PREFIX}${roomId}`;
export const roomOfTopic = (topic: string): string => topic.slice(PREFIX.length);

/** Hears who comes and goes. */
export interface RoomWatcher {
  entered(topic: string, user: string, member: object, state: unknown): void;
  /** undefined: it says nothing of itself any more */
  said(topic: string, user: string, member: object, state: unknown): void;
  /** `isBroken`: its connection was lost, and it may be back soon */
  left(topic: string, user: string, member: object, isBroken: boolean): void;
}

/** Who is in which room of this node, and for how long (ROOM-5, ROOM-6). It does nothing by itself: the hub asks it. */
export class Rooms {
  readonly #limits: RoomLimits;
  readonly #watcher: RoomWatcher | undefined;
  readonly #rooms = new Map<string, Room>();
  readonly #byUser = new Map<string, number>();
  #members = 0;
  readonly #refused = { room: 0, user: 0, total: 0 };
  readonly #ended = { idle: 0, duration: 0 };

  constructor(limits: RoomLimits, watcher?: RoomWatcher) {
    this.#limits = limits;
    this.#watcher = watcher;
  }

  /** Once for each subscriber of a room. Throws ROOM_FULL. */
  enter(topic: string, subscriber: Subscriber, nowMs: number, state?: unknown): void {
    const room = this.#rooms.get(topic);
    const user = subscriber.principal.sub;
    const { roomMembersMax, roomsPerUserMax, roomMembersTotalMax } = this.#limits;
    if ((room?.members.size ?? 0) >= roomMembersMax)
      throw this.#refuse('room', `The room ${topic} has ${roomMembersMax} members, as many as it may.`);
    if (user !== '' && (this.#byUser.get(user) ?? 0) >= roomsPerUserMax)
      throw this.#refuse(
        'user',
        `${JSON.stringify(user)} is in ${roomsPerUserMax} rooms, as many as a user may.`,
      );
    if (this.#members >= roomMembersTotalMax)
      throw this.#refuse(
        'total',
        `All rooms together have ${roomMembersTotalMax} members, as many as they may.`,
      );
    const members = room?.members ?? new Map<Subscriber, Member>();
    if (room === undefined) this.#rooms.set(topic, { members, spokenMs: nowMs });
    // Its principal may be another one when it leaves.
    members.set(subscriber, { user, enteredMs: nowMs });
    this.#members++;
    this.#byUser.set(user, (this.#byUser.get(user) ?? 0) + 1);
    this.#watcher?.entered(topic, user, subscriber, state);
  }

  /** What a member says of itself from now on; of nobody else. */
  putState(topic: string, subscriber: Subscriber, state: unknown): void {
    const member = this.#rooms.get(topic)?.members.get(subscriber);
    if (member !== undefined) this.#watcher?.said(topic, member.user, subscriber, state);
  }

  leave(topic: string, subscriber: Subscriber, isBroken = false): void {
    const room = this.#rooms.get(topic);
    const member = room?.members.get(subscriber);
    if (room === undefined || member === undefined) return;
    room.members.delete(subscriber);
    if (room.members.size === 0) this.#rooms.delete(topic);
    this.#members--;
    const others = (this.#byUser.get(member.user) ?? 1) - 1;
    if (others === 0) this.#byUser.delete(member.user);
    else this.#byUser.set(member.user, others);
    this.#watcher?.left(topic, member.user, subscriber, isBroken);
  }

  /** Something was said. */
  spoke(topic: string, nowMs: number): void {
    const room = this.#rooms.get(topic);
    if (room !== undefined) room.spokenMs = nowMs;
  }

  /** Those to be put out now; each is told of again until it has left. */
  overdue(nowMs: number): Overdue[] {
    const { roomIdleMs, roomMaxMs } = this.#limits;
    const overdue: Overdue[] = [];
    for (const [topic, { members, spokenMs }] of this.#rooms) {
      const isSilent = roomIdleMs > 0 && nowMs - spokenMs >= roomIdleMs;
      for (const [subscriber, { enteredMs }] of members) {
        const stayedMs = nowMs - enteredMs;
        const isIdle = isSilent && stayedMs >= roomIdleMs;
        // Who entered later has stayed less.
        if (!isIdle && !(roomMaxMs > 0 && stayedMs >= roomMaxMs)) break;
        this.#ended[isIdle ? 'idle' : 'duration']++;
        overdue.push({ topic, subscriber });
      }
    }
    return overdue;
  }

  stats(): RoomStats {
    const sizes = [...this.#rooms.values()].map(({ members }) => members.size).sort((a, b) => b - a);
    return {
      rooms: this.#rooms.size,
      members: this.#members,
      refused: { ...this.#refused },
      ended: { ...this.#ended },
      largest: sizes.slice(0, LARGEST),
    };
  }

  #refuse(limit: RoomRefusal, message: string): Error {
    this.#refused[limit]++;
    return serverError('ROOM_FULL', message);
  }
}
