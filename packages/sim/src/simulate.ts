import { checkEnd } from './checkers/checkEnd.js';
import { MonotonicReads } from './checkers/MonotonicReads.js';
import type { FaultKind } from './faults.js';
import { FAULT_KINDS, OPEN_POLICIES } from './faults.js';
import { strike } from './nemesis.js';
import { World } from './World.js';
import { userStep } from './workload.js';
import { CALM_LINK } from './world/SimNetwork.js';
import { CALM_FLUSH } from './world/SimNode.js';

/** Size of a run. Times are virtual. */
export interface Profile {
  readonly devices: number;
  readonly ops: number;
  readonly faults: number;
  readonly faultyMs: number;
  /** After healing, everything must be quiet and equal within this time. */
  readonly healMs: number;
}

/** 7 tabs on 6 devices (the first device has two), 400 ops, about 30 faults in two virtual minutes. */
export const STANDARD: Profile = { devices: 6, ops: 400, faults: 30, faultyMs: 120_000, healMs: 120_000 };

export interface SimResult {
  readonly seed: number;
  readonly failures: readonly string[];
  readonly faults: number;
  readonly events: number;
  readonly trace: number;
  /** What happened how often: faults by kind, frames dropped, flushes failed, … */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Runs one world from one seed: phase 1, work under faults, safety checked all along; phase 2, everything heals, and within `healMs`
 * all queues must be drained and all replicas equal. The seed decides everything; the same seed gives the same trace.
 */
export function simulate(seed: number, profile: Profile = STANDARD): SimResult {
  const world = new World(seed);
  const chance = world.rng.fork();
  const reads = new MonotonicReads(world);
  try {
    faultyPhase(world, profile, chance);
    healPhase(world, profile);
    reads.check();
  } catch (error) {
    world.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  let faults = 0;
  for (const kind of FAULT_KINDS) faults += world.network.counts.get(`fault ${kind}`) ?? 0;
  return {
    seed,
    failures: world.failures,
    faults,
    events: world.scheduler.ran,
    trace: world.trace,
    counts: world.network.counts,
  };
}

function faultyPhase(world: World, profile: Profile, chance: World['rng']): void {
  const { scheduler } = world;
  world.startNode();
  const clockStepMs = chance.chance(0.3) ? 2000 : 1;
  for (let i = 0; i < profile.devices; i++) {
    const device = world.addDevice(`device-${i}`);
    device.clockStepMs = clockStepMs;
    device.skewMs = chance.int(-5000, 5000);
    world.openTab(device);
    if (i === 0) world.openTab(device);
  }
  const kinds: FaultKind[] = FAULT_KINDS.filter(() => chance.chance(0.6));
  if (kinds.length === 0) kinds.push('reset');
  for (let i = 0; i < profile.faults; i++) {
    scheduler.after(chance.int(1000, profile.faultyMs), () => strike(world, chance.pick(kinds), chance));
  }
  const fail = (why: string): void => world.fail(why);
  for (let i = 0; i < profile.ops; i++) {
    scheduler.after(chance.int(0, profile.faultyMs), () => {
      const realms = world.realms();
      if (realms.length > 0) userStep(chance.pick(realms), world.ledger, chance, fail);
    });
  }
  while (world.failures.length === 0 && scheduler.step(profile.faultyMs));
}

function healPhase(world: World, profile: Profile): void {
  const { network, scheduler } = world;
  if (world.failures.length > 0) return;
  // Faults still under way end by their own timers within 20 s.
  const calmAt = scheduler.nowMs + 21_000;
  while (world.failures.length === 0 && scheduler.step(calmAt));
  network.faults = CALM_LINK;
  world.startNode();
  if (world.node !== undefined) world.node.flush = CALM_FLUSH;
  world.setPolicies(OPEN_POLICIES);
  for (const device of world.devices) {
    device.online = true;
    if (device.realms.length === 0) world.openTab(device);
    for (const realm of device.realms)
      if (realm.engine.state() === 'ERROR') realm.input((engine) => engine.reset());
  }
  const deadline = scheduler.nowMs + profile.healMs;
  let quietSince = Number.POSITIVE_INFINITY;
  while (world.failures.length === 0 && scheduler.nowMs < deadline) {
    scheduler.step(Math.min(deadline, scheduler.nowMs + 100));
    if (!isQuiet(world)) quietSince = Number.POSITIVE_INFINITY;
    else if (quietSince === Number.POSITIVE_INFINITY) quietSince = scheduler.nowMs;
    else if (scheduler.nowMs - quietSince > 3000) break;
  }
  if (world.failures.length === 0) checkEnd(world);
}

function isQuiet(world: World): boolean {
  return world.realms().every(({ engine }) => engine.state() === 'CONNECTED' && engine.pendingOps() === 0);
}
