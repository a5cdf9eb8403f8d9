import type { Profile } from './Profile.js';

/**
 * A server that forgets deletions after 15 s, between devices that stay away for longer, with cached rows, writes that
 * wait and answers that were lost. Rights stay as they are, so that whatever is missing in the end was lost.
 */
export const GC: Profile = {
  name: 'gc',
  devices: 4,
  steps: 320,
  strikes: 24,
  faultyMs: 180_000,
  healMs: 10_000,
  serverLimits: { retentionMs: 15_000, reapEveryMs: 500, reapRows: 5 },
  actions: { 'put todo': 30, 'remove todo': 20, 'add tag': 20, 'take tag': 15, 'put fleeting': 10 },
  faults: {
    'long absence': 5,
    'server crash': 2,
    'flush fails': 2,
    'policy change': 0,
    'device store evicted': 0,
    'clock jump': 0,
    'clock skew': 0,
    'clock stop': 0,
    'clock of another decade': 0,
  },
};
