import type { Observer } from './Observer.js';

const points = [
  'device at another node',
  'node fenced itself',
  'node taken over',
  'partitions handed over',
  'hand-over of which nothing was heard',
  'commit of a node that was fenced off',
  'commit unknown to its node',
  'answer of the database lost',
  'facts were decided by another node',
  'op sent back by who is no owner',
  'op handed on by a third node',
  'client let in by a node that may lack something',
] as const;

/** What a cluster has to come into; the simulated machines notice it themselves. */
export const clusters: Observer = {
  points: points.map((name) => ({ name, profiles: ['cluster'] })),
};
