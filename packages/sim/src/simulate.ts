import type { Checker } from './checkers/Checker.js';
import { checkers } from './checkers/index.js';
import { isQuiet, whatIsStuck } from './checkers/stuck.js';
import { faults } from './faults/index.js';
import { ClusterWorld } from './nodes/ClusterWorld.js';
import { clusterFaults } from './nodes/faults/index.js';
import { clusterLaws, watchCluster } from './nodes/laws/index.js';
import { makePlan } from './plan/makePlan.js';
import type { Plan, Step } from './plan/Plan.js';
import { STANDARD } from './profiles/index.js';
import type { Profile } from './profiles/Profile.js';
import { Rng } from './rng.js';
import { forbidAmbience, withoutAmbience } from './run/withoutAmbience.js';
import { observers } from './sometimes/index.js';
import { World } from './World.js';
import { User } from './workload/Action.js';
import { actions } from './workload/index.js';
import type { Device } from './world/SimRealm.js';

export interface SimResult {
  readonly seed: number;
  readonly failures: readonly string[];
  readonly events: number;
  /** Equal when two runs took the same course. */
  readonly trace: number;
  /** What happened how often: `fault <name>`, `action <name>`, frames dropped, flushes failed, … */
  readonly counts: ReadonlyMap<string, number>;
}

const LOOK_EVERY_MS = 500;
const QUIET_MS = 3000;

const actionByName = new Map(actions.map((action) => [action.name, action]));
const faultByName = new Map([...faults, ...clusterFaults].map((fault) => [fault.name, fault]));
/** Runs when all promises of a turn have gone on, and before anything else of the process does. */
const { nextTick } = process;

/** Runs the world of one seed. The seed decides everything; the same seed gives the same trace. */
export const simulate = (seed: number, profile: Profile = STANDARD): Promise<SimResult> =>
  runPlan(makePlan(seed, profile));

/**
 * Runs one world by a plan: phase 1, work under faults, safety checked all along; phase 2, everything heals, and within
 * `healMs` all queues must be drained and all replicas equal.
 */
export async function runPlan(plan: Plan): Promise<SimResult> {
  if (plan.nodes === undefined) return runAtOnce(plan);
  // From here on all of it is microtasks: nobody else has a turn in between, and nobody else misses the ambience.
  await undefined;
  const restore = forbidAmbience();
  try {
    const run = running(plan);
    for (let step = run.next(); ; step = run.next()) {
      if (step.done === true) return step.value;
      await new Promise<void>((resolve) => nextTick(resolve));
    }
  } finally {
    restore();
  }
}

/** The same in one breath, for worlds without promises: those of one server. */
export function runAtOnce(plan: Plan): SimResult {
  return withoutAmbience(() => {
    const step = running(plan).next();
    if (step.done !== true) throw new Error('A cluster has promises, and cannot run in one breath');
    return step.value;
  });
}

/** Yields whenever promises are to go on. */
function* running(plan: Plan): Generator<void, SimResult> {
  const world =
    plan.nodes === undefined
      ? new World(plan.seed, plan.serverLimits)
      : new ClusterWorld(plan.seed, plan.nodes, plan.serverLimits);
  const laws = world instanceof ClusterWorld ? clusterLaws : checkers;
  try {
    watch(world, laws);
    schedule(world, plan);
    yield* runUntil(world, plan.faultyMs);
    yield* settle(world, plan.healMs);
    if (world.failures.length === 0) {
      for (const each of world.watches) each.look?.();
      for (const checker of laws) checker.atEnd?.(world);
    }
  } catch (error) {
    world.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  // Whatever still waits for it hears nothing more.
  if (world instanceof ClusterWorld) world.crashNode();
  return {
    seed: plan.seed,
    failures: world.failures,
    events: world.scheduler.ran,
    trace: world.trace.value,
    counts: world.counts,
  };
}

function watch(world: World, laws: readonly Checker[]): void {
  if (world instanceof ClusterWorld) watchCluster(world);
  for (const one of [...laws, ...observers]) {
    const watched = one.watch?.(world);
    if (watched !== undefined) world.watches.push(watched);
  }
  const look = (): void => {
    for (const each of world.watches) each.look?.();
    world.scheduler.after(LOOK_EVERY_MS, look);
  };
  world.scheduler.after(LOOK_EVERY_MS, look);
}

function schedule(world: World, plan: Plan): void {
  const { scheduler } = world;
  world.startNode();
  const deviceByIndex = new Map<number, World['devices'][number]>();
  for (const { index, tabs, skewMs } of plan.devices) {
    const device = world.addDevice(`device-${index}`);
    deviceByIndex.set(index, device);
    device.clockStepMs = plan.clockStepMs;
    device.skewMs = skewMs;
    for (let i = 0; i < tabs; i++) world.openTab(device);
  }
  const at = (step: Step, run: (device: World['devices'][number], rng: Rng) => void): void => {
    const device = deviceByIndex.get(step.device);
    if (device !== undefined) scheduler.after(step.atMs, () => run(device, new Rng(step.seed)));
  };
  for (const step of plan.faults)
    at(step, (device, rng) => {
      const fault = known(faultByName, step.does);
      const tab = device.realms[step.tab % device.realms.length];
      const blow = { world, device, tab, rng };
      if (fault.canStrike?.(blow) === false) return;
      world.count(`fault ${step.does}`);
      fault.strike(blow);
    });
  for (const step of plan.actions)
    at(step, (device, rng) => {
      const awake = device.realms.filter((realm) => !realm.isFrozen);
      const tab = awake[step.tab % awake.length];
      if (tab === undefined) return;
      world.count(`action ${step.does}`);
      known(actionByName, step.does).run(new User(world, tab, rng));
    });
}

function known<T>(byName: ReadonlyMap<string, T>, name: string): T {
  const found = byName.get(name);
  if (found === undefined) throw new Error(`The plan asks for "${name}", which this version does not have`);
  return found;
}

function* runUntil(world: World, untilMs: number): Generator<void> {
  do {
    if (world.takeStirred()) yield;
  } while (world.failures.length === 0 && world.scheduler.step(untilMs));
}

/** Phase 2: heals, and lets the world run until it has been quiet for a while; complains about what is not quiet in time. */
function* settle(world: World, healMs: number): Generator<void> {
  if (world.failures.length > 0) return;
  const { scheduler } = world;
  world.heal();
  for (const device of world.devices) {
    if (device.realms.length === 0) world.openTab(device);
    signIn(device);
  }
  const deadline = scheduler.nowMs + healMs;
  let quietSince: number | undefined;
  while (world.failures.length === 0) {
    yield* runUntil(world, scheduler.nowMs + 100);
    // A token that ended while a node still asked the others is refused when they have answered.
    if (world instanceof ClusterWorld && scheduler.nowMs < deadline - healMs / 2)
      for (const device of world.devices) signIn(device);
    if (isQuiet(world)) {
      quietSince ??= scheduler.nowMs;
      if (scheduler.nowMs - quietSince >= QUIET_MS && world.isHeard) return;
    } else {
      quietSince = undefined;
      if (scheduler.nowMs >= deadline) for (const stuck of whatIsStuck(world)) world.fail(stuck);
    }
  }
}

/** People whose token was refused sign in again. */
function signIn(device: Device): void {
  for (const realm of device.realms)
    if (realm.engine.state() === 'ERROR') realm.input((engine) => engine.reset());
}
