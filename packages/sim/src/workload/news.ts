import type { Action } from './Action.js';

export const publishNews: Action = {
  name: 'publish news',
  weight: 3,
  run: (user) => user.engine.topicPublish('news', { n: user.rng.int(0, 99) }),
};
