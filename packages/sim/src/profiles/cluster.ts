import type { Profile } from './Profile.js';

/** Faults of devices and their ways, at any server. */
const OF_DEVICES = {
  delay: 1,
  drop: 1,
  reset: 1,
  'half-open': 1,
  offline: 1,
  'one-way partition': 1,
  clog: 1,
  'corrupt, then close': 0.5,
  'policy change': 0.5,
  'tab kill': 1,
  'tab freeze': 0.5,
  'another tab': 0.5,
  'device crash': 1,
  'clock jump': 0.5,
  'token expiry': 1,
  'hostile sender': 0.5,
} as const;

/** Three nodes over one database, devices at any of them. Records with a time to live are for servers whose clocks are right. */
export const CLUSTER: Profile = {
  name: 'cluster',
  nodes: 3,
  devices: 4,
  steps: 260,
  strikes: 24,
  faultyMs: 75_000,
  healMs: 60_000,
  actions: { 'put fleeting': 0, 'like or unlike': 25, 'add up': 15 },
  faults: {
    '*': 0,
    ...OF_DEVICES,
    'device moves': 8,
    'node killed': 6,
    'all nodes killed': 0.5,
    'node paused': 6,
    'node stopped': 3,
    'node drained by order': 1,
    'clock of a node wrong': 2,
    'link cut': 4,
    'link one-way': 2,
    'link reset': 4,
    'links slow': 3,
    'node split off': 2,
    'database unreachable': 2,
    'database answers lost': 3,
    'database commits fail': 2,
    'database commits slow': 3,
    'database unreachable for a node': 3,
    'database asked late by a node': 3,
  },
};

/** The database of the cluster is put into the place of another one, which lacks the last seconds. */
export const FAILOVER: Profile = {
  ...CLUSTER,
  name: 'cluster-failover',
  faults: { ...CLUSTER.faults, 'database failover': 6 },
};
