import type { TopicHandle, TopicMessageInfo } from '@topgun/client';
import { useEffect, useRef } from 'react';
import { useClient } from './useClient.js';

/**
 * The topic of this name. With a callback, it is called for every message of others while the component is mounted; it
 * may be a new function in each render and does not cause a new subscription.
 */
export function useTopic<T = unknown>(
  name: string,
  callback?: (data: T, info: TopicMessageInfo) => void,
): TopicHandle<T> {
  const topic = useClient().topic<T>(name);
  const latest = useRef(callback);
  useEffect(() => {
    latest.current = callback;
  });
  const listens = callback !== undefined;
  useEffect(() => {
    if (!listens) return undefined;
    return topic.subscribe((data, info) => latest.current?.(data, info));
  }, [topic, listens]);
  return topic;
}
