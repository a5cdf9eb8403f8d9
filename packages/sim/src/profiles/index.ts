import { CLUSTER, FAILOVER } from './cluster.js';
import { GC } from './gc.js';
import type { Profile } from './Profile.js';

/** 7 tabs on 6 devices (the first device has two), 400 actions, 30 faults in two virtual minutes. */
export const STANDARD: Profile = {
  name: 'std',
  devices: 6,
  steps: 400,
  strikes: 30,
  faultyMs: 120_000,
  healMs: 10_000,
};

/** Two devices, few actions, faults close together: many seeds in little time, short traces. */
const TINY: Profile = {
  name: 'tiny',
  devices: 2,
  steps: 60,
  strikes: 12,
  faultyMs: 20_000,
  healMs: 10_000,
};

/** An hour with long pauses between things. */
const LONG: Profile = {
  name: 'long',
  devices: 4,
  steps: 800,
  strikes: 120,
  faultyMs: 3_600_000,
  healMs: 10_000,
};

/** The server's disk is put back again and again: what was answered must come back (D9). */
const ROLLBACK: Profile = { ...STANDARD, name: 'rollback', faults: { rollback: 1 } };

/** Answers run ahead of the changes that they belong to (DEV-4). */
const AHEAD: Profile = { ...STANDARD, name: 'ahead', faults: { 'changes late': 5 } };

/** What `--profile` names. */
export const profiles: readonly Profile[] = [STANDARD, TINY, LONG, GC, ROLLBACK, AHEAD, CLUSTER, FAILOVER];

/** Throws a RangeError that names what there is. */
export function profileNamed(name: string): Profile {
  const found = profiles.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`--profile takes one of ${profiles.map((p) => p.name).join(', ')}, found ${name}`);
}
