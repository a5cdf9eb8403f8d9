import { LocalBus } from './LocalBus.js';
import type { LogStore } from './ports.js';
import { TopicHub } from './TopicHub.js';
import { type TopicPolicies, topicGate } from './topicGate.js';

const NO_LOG: Pick<LogStore, 'append' | 'read'> = {
  append: () => Promise.reject(new Error('no topic is kept here')),
  read: () => Promise.reject(new Error('no topic is kept here')),
};

/** The topics of an engine that has no other doors: none is kept, and everything happens within the call. */
export function localTopics(
  nodeId: string,
  clock: { readonly nowMs: number },
  policies: () => TopicPolicies,
): () => TopicHub {
  let ids = 0;
  const bus = new LocalBus(NO_LOG);
  const wallMs = (): number => clock.nowMs;
  const hub = new TopicHub({
    nextTurn: () => Promise.resolve(),
    bus,
    namespaces: { retentionOf: () => undefined },
    gate: topicGate(policies, wallMs),
    nodeId,
    wallMs,
    drawId: () => `${nodeId}-${++ids}`,
  });
  void bus.open(hub);
  return () => hub;
}
