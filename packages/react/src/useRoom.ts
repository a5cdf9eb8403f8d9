import type { TopicMessageInfo } from '@topgun/client';
import { joinRoom, type Present, type Room, type RoomOptions } from '@topgun/client/rooms';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useClient } from './useClient.js';

export interface UseRoomOptions<T, S> extends Pick<RoomOptions<S>, 'state' | 'last'> {
  /** called for every message of others; may be a new function in each render */
  readonly onMessage?: ((data: T, info: TopicMessageInfo) => void) | undefined;
}

export interface RoomView<T, S> {
  /** who is there, by name; empty until the server has said so */
  readonly present: readonly Present<S>[];
  /** says something to the others there */
  readonly publish: (data: T) => void;
}

/**
 * The room of this name, in which the user is while the component is mounted. Another `state` is told to the others as soon as it is rendered;
 * it is compared as JSON.
 */
export function useRoom<T = unknown, S = unknown>(
  name: string,
  { state, last, onMessage }: UseRoomOptions<T, S> = {},
): RoomView<T, S> {
  const client = useClient();
  const latest = useRef({ state, onMessage });
  const room = useRef<Room<T, S>>(undefined);
  const [present, setPresent] = useState<readonly Present<S>[]>([]);
  useEffect(() => {
    latest.current = { state, onMessage };
  });
  useEffect(() => {
    const joined = joinRoom<T, S>(client, name, { state: latest.current.state, last });
    room.current = joined;
    joined.onMessage((data, info) => latest.current.onMessage?.(data, info));
    joined.onPresence((change) => setPresent(change.present));
    return () => {
      joined.leave();
      setPresent([]);
    };
  }, [client, name, last]);
  const said = JSON.stringify(state);
  const told = useRef(said);
  useEffect(() => {
    if (told.current === said) return;
    told.current = said;
    room.current?.setState(latest.current.state);
  }, [said]);
  const publish = useCallback((data: T) => client.topic<T>(`room/${name}`).publish(data), [client, name]);
  return { present, publish };
}
