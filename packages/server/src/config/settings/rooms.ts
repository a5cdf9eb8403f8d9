import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { count, duration, setting } from './setting.js';

/** How many may be in rooms (topics `room/<id>`) of one node, and how long. */
export const roomsSettings = {
  roomMembersMax: count(1_000_000, LIMITS.roomMembers, 'Members of one room on this node.'),
  roomsPerUserMax: count(
    100_000,
    LIMITS.roomsPerUser,
    'Rooms that one subject of tokens is in at once, over all of its connections to this node.',
  ),
  roomMembersTotalMax: count(
    10_000_000,
    LIMITS.roomMembersTotal,
    'Members of all rooms together on this node.',
  ),
  roomIdleMs: duration(
    LIMITS.roomIdleMs,
    'Time after which the members of a room in which nothing is said are put out',
  ),
  roomMaxMs: duration(LIMITS.roomMaxMs, 'The longest stay in a room'),
  roomPresence: setting(
    z.boolean().default(true),
    'boolean',
    'true or false',
    'Announces who is in which room, so that /api/presence lists them on every node.',
  ),
} as const;
