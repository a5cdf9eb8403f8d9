import { faults } from '../faults/index.js';
import { drawPlan } from '../plan/drawPlan.js';
import type { Step } from '../plan/Plan.js';
import { Rng } from '../rng.js';
import type { AppDevice } from './AppDevice.js';
import type { AppTab } from './AppTab.js';
import { AppWorld, textOf } from './AppWorld.js';
import { here } from './here.js';
import { type SimOptions, type SimPlan, type SimSetup, setupOf } from './options.js';
import { installVirtualPlatform } from './virtualPlatform.js';

/** A fault that struck. */
export interface SimStrike {
  /** Virtual ms since the start. */
  readonly atMs: number;
  readonly fault: string;
  readonly device: number;
}

/** What a run came to. */
export interface SimReport {
  readonly seed: number;
  /** What went wrong, each with the virtual ms at which it was noticed; empty when all is well. */
  readonly failures: readonly string[];
  readonly strikes: readonly SimStrike[];
  /** What the seed drew: `simulate({ ...options, plan })` runs it again. */
  readonly plan: SimPlan;
  /** A digest of everything that was sent and committed: equal when two runs took the same course. */
  readonly trace: number;
}

const LOOK_EVERY_MS = 500;
const QUIET_MS = 1000;
/** A check that waits for longer waits for something that does not come. */
const CHECK_MS = 60_000;

const faultByName = new Map(faults.map((fault) => [fault.name, fault]));
/** Of the platform, whatever stands in its place while a run goes on. */
const platformImmediate = setImmediate;

/** Runs wait for each other: each has the clock of the process for itself. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs an app on several devices against one server in virtual time: the client package and the server's engine as they ship, between
 * disks, networks, clocks and tabs on which everything goes wrong that may. First users work under faults; then all heals, and within
 * `healMs` every device has to be connected with nothing left to send, before `check` looks at them. One seed is one course of events.
 *
 * While it runs, `Date`, timers, `performance.now`, `Math.random`, `crypto.getRandomValues`, Web Locks and BroadcastChannel are those of
 * the simulation, for the whole process. Real I/O in the app (files, `fetch`) takes no virtual time and makes runs differ.
 *
 * Rejects with `SIM_OPTION_INVALID`. What goes wrong in the run stands in the report.
 */
export function simulate(options: SimOptions): Promise<SimReport> {
  const run = last.then(async () => {
    const setup = setupOf(options);
    return runApp(setup, setup.plan ?? planOf(setup));
  });
  last = run.catch(() => undefined);
  return run;
}

/** What the seed draws: actions and faults in their own mixture, so that rare ones come up too. */
function planOf({ seed, devices, steps, strikes, forMs, healMs, actions, faults: names }: SimSetup): SimPlan {
  return drawPlan(
    seed,
    { name: 'app', devices, steps, strikes, faultyMs: forMs, healMs },
    Object.keys(actions).map((name) => ({ name, weight: 1 })),
    // One that is named strikes, also if it is rare or has a profile of its own.
    names.map((name) => ({ name, weight: faultByName.get(name)?.weight || 1 })),
  );
}

async function runApp(setup: SimSetup, plan: SimPlan): Promise<SimReport> {
  const world = new AppWorld(setup, plan.seed);
  const strikes: SimStrike[] = [];
  const restore = installVirtualPlatform(world);
  try {
    schedule(world, plan, strikes);
    await runUntil(world, plan.faultyMs);
    await settle(world, plan.healMs);
    if (setup.check !== undefined && world.failures.length === 0) await check(world, setup.check);
  } catch (error) {
    world.fail(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    for (const tab of world.realms()) tab.kill();
    world.crashNode();
    await new Promise((resolve) => platformImmediate(resolve));
    restore();
  }
  return { seed: plan.seed, failures: world.failures, strikes, plan, trace: world.trace.value };
}

function schedule(world: AppWorld, plan: SimPlan, strikes: SimStrike[]): void {
  const { scheduler, setup } = world;
  world.startNode();
  const deviceByIndex = new Map<number, AppDevice<AppTab>>();
  for (let index = 0; index <= Math.max(...plan.devices.map((device) => device.index)); index++) {
    const device = world.addDevice(`device-${index}`);
    const planned = plan.devices.find((one) => one.index === index);
    if (planned === undefined) continue;
    deviceByIndex.set(index, device);
    device.clockStepMs = plan.clockStepMs;
    device.skewMs = planned.skewMs;
    for (let i = 0; i < planned.tabs; i++) world.openTab(device);
  }
  const at = (step: Step, run: (device: AppDevice<AppTab>, rng: Rng) => void): void => {
    const device = deviceByIndex.get(step.device);
    if (device !== undefined) scheduler.after(step.atMs, () => run(device, new Rng(step.seed)));
  };
  for (const step of plan.faults)
    at(step, (device, rng) => {
      const fault = faultByName.get(step.does);
      const tab = device.realms[step.tab % device.realms.length];
      const blow = { world, device, tab, rng };
      if (fault === undefined || fault.canStrike?.(blow) === false) return;
      strikes.push({ atMs: Math.round(scheduler.nowMs), fault: fault.name, device: step.device });
      fault.strike(blow);
    });
  for (const step of plan.actions)
    at(step, (device, rng) => {
      const awake = device.realms.filter((tab) => !tab.isFrozen);
      const tab = awake[step.tab % awake.length];
      const action = setup.actions[step.does];
      if (tab !== undefined && action !== undefined) world.begin(tab, step.does, action, rng);
    });
  const look = (): void => {
    lookAt(world);
    scheduler.after(LOOK_EVERY_MS, look);
  };
  scheduler.after(LOOK_EVERY_MS, look);
}

const clientsOf = (world: AppWorld): AppTab['client'][] => world.realms().map(({ client }) => client);

function lookAt(world: AppWorld): void {
  try {
    world.setup.always?.(clientsOf(world), world.notes);
  } catch (error) {
    world.fail(`always: ${textOf(error)}`);
  }
}

/** Lets virtual time pass. What code of the app goes on with in microtasks belongs to the moment it ran in. */
async function runUntil(world: AppWorld, untilMs: number): Promise<void> {
  do {
    if (world.takeStirred()) await new Promise((resolve) => platformImmediate(resolve));
  } while (world.failures.length === 0 && world.scheduler.step(untilMs));
}

/** Heals, and waits until it has been quiet for a while; complains about what is not quiet in time. */
async function settle(world: AppWorld, healMs: number): Promise<void> {
  if (world.failures.length > 0) return;
  const { scheduler } = world;
  world.heal();
  for (const device of world.devices)
    if (device.realms.length > 0 || device.disk.commitNumber > 0) reopen(world, device);
  const deadlineMs = scheduler.nowMs + healMs;
  let quietSinceMs: number | undefined;
  while (world.failures.length === 0) {
    await runUntil(world, scheduler.nowMs + 100);
    const stuck = whatIsStuck(world);
    if (stuck.length === 0) {
      quietSinceMs ??= scheduler.nowMs;
      if (scheduler.nowMs - quietSinceMs >= QUIET_MS && world.isHeard) return;
    } else {
      quietSinceMs = undefined;
      if (scheduler.nowMs >= deadlineMs) for (const what of stuck) world.fail(`stuck: ${what}`);
    }
  }
}

function reopen(world: AppWorld, device: AppDevice<AppTab>): void {
  if (device.realms.length === 0) world.openTab(device);
  for (const tab of device.realms)
    if (tab.client.getConnectionState() === 'ERROR') tab.run(() => tab.client.resetConnection());
}

function whatIsStuck(world: AppWorld): string[] {
  const stuck: string[] = world.network.isClear ? [] : ['the network still holds frames back'];
  for (const { client, device } of world.realms()) {
    const pending = client.getPendingOpsCount();
    const state = client.getConnectionState();
    if (state !== 'CONNECTED') stuck.push(`${device.name} is ${state}`);
    if (pending > 0) stuck.push(`${device.name} has ${pending} writes without an answer`);
  }
  for (const device of world.running) stuck.push(`something that the app began on ${device} has not ended`);
  return stuck;
}

async function check(world: AppWorld, look: NonNullable<SimSetup['check']>): Promise<void> {
  let isDone = false;
  here.exit(() => {
    void Promise.resolve()
      .then(() => look(clientsOf(world), world.notes))
      .catch((error: unknown) => world.fail(`check: ${textOf(error)}`))
      .then(() => {
        isDone = true;
      });
  });
  world.stirred();
  const untilMs = world.scheduler.nowMs + CHECK_MS;
  while (!isDone && world.failures.length === 0) {
    if (world.scheduler.nowMs >= untilMs) world.fail(`check: has not ended within ${CHECK_MS} virtual ms`);
    else await runUntil(world, world.scheduler.nowMs + 10);
  }
}
