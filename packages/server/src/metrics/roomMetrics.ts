import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Rooms: how many and how full, never which and whose (ROOM-8). */
export function addRoomMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_rooms', 'Rooms with members on this node.', ({ topics }) => topics.rooms.rooms);
  set.gauge(
    'topgun_room_members',
    'Members of all rooms on this node.',
    ({ topics }) => topics.rooms.members,
  );
  set.gauges(
    'topgun_room_members_top',
    'rank',
    'Members of the ten largest rooms of this node, which are not named.',
    ({ topics }) => topics.rooms.largest.map((members, index) => [String(index + 1), members] as const),
  );
  set.counters(
    'topgun_room_refusals_total',
    'limit',
    'Members refused because the room was full, the user in too many, or all rooms full together.',
    ({ topics }) => Object.entries(topics.rooms.refused),
  );
  set.counters(
    'topgun_room_ends_total',
    'reason',
    'Members put out because nothing was said for too long, or because they stayed too long.',
    ({ topics }) => Object.entries(topics.rooms.ended),
  );
}
