import { Room, type RoomOptions } from './rooms/Room.js';
import type { TopGunClient } from './TopGunClient.js';

export type { PresenceChange, Present, RoomOptions } from './rooms/Room.js';
export type { Room };

/**
 * Enters a room, for as long as the client lives or until `leave`: others see this user there, and what they say is heard.
 *
 * ```ts
 * const kitchen = joinRoom<{ text: string }, { typing: boolean }>(client, 'kitchen', { last: 20 });
 * kitchen.onMessage(({ text }, { publisherId }) => console.log(publisherId, text));
 * kitchen.onPresence(({ present }) => console.log(present.map(({ user }) => user)));
 * kitchen.setState({ typing: true });
 * kitchen.publish({ text: 'Tea?' });
 * ```
 *
 * `name` is 1 to 128 of `A-Z a-z 0-9 _ . : -`. Hearing needs READ on `topic:room/<name>`, speaking PUT, and the list READ on
 * `topic:presence/room/<name>`; what is refused comes to `client.onError`, `LIMIT` where the room is full.
 */
export function joinRoom<T = unknown, S = unknown>(
  client: TopGunClient,
  name: string,
  options: RoomOptions<S> = {},
): Room<T, S> {
  return new Room<T, S>(client, name, options);
}
