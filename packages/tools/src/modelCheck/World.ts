import { Ownership } from '@topgun/server/internal/engine/ownership/Ownership';
import {
  firstState,
  forkState,
  type OwnershipState,
} from '@topgun/server/internal/engine/ownership/OwnershipState';
import type {
  Grant,
  OwnershipBounds,
  OwnershipEffects,
  OwnershipReply,
  OwnershipRequest,
} from '@topgun/server/internal/engine/ownership/ports';
import { describe } from './describe.js';
import { type Flush, firstTables, type ModelDatabase, type Tables } from './ModelDatabase.js';

/** Small numbers in the proportions of the real ones, so that few steps lead far. */
export const BOUNDS: OwnershipBounds = {
  leaseMs: 4,
  heartbeatMs: 1,
  fenceMs: 3,
  handOverMs: 2,
  retryMs: 1,
  handOvers: 1,
};

/** Something that the engine of a node was asked to do, or has begun with, and has not done yet. */
type Task =
  | { readonly type: 'own'; readonly grants: readonly Grant[] }
  | { readonly type: 'load' }
  | { readonly type: 'release'; readonly call: number; readonly pids: readonly number[] };

/** One server: the shipped machine, and an engine that goes on until it is told to stop, however late that is. */
export interface Server {
  readonly name: string;
  readonly boot: string;
  readonly isUp: boolean;
  /** it stands still: nothing reaches it, and its timers do not fire */
  readonly isPaused: boolean;
  readonly state: OwnershipState;
  readonly armedAt: number;
  /** number of the fence that its commits show */
  readonly fence: number;
  /** epochs of what it takes ops in for, by pid */
  readonly taken: ReadonlyMap<number, number>;
  readonly held: ReadonlySet<number>;
  readonly tasks: readonly Task[];
}

/** On its way to the database, or back. `isHeld`: delayed, until the explorer thinks otherwise. */
export interface Parcel {
  readonly server: number;
  readonly boot: string;
  readonly call: number;
  readonly request?: OwnershipRequest;
  readonly flush?: Flush;
  readonly answer?: OwnershipReply;
  readonly isHeld: boolean;
}

export interface World {
  readonly now: number;
  readonly tables: Tables;
  readonly servers: readonly Server[];
  readonly parcels: readonly Parcel[];
  /** faults that may still happen */
  readonly faults: number;
  /** owners write */
  readonly isBusy: boolean;
}

export function firstWorld(names: readonly string[], partitions: number): World {
  const servers = names.map((name): Server => ({ ...down(name, 0), isUp: false }));
  return { now: 0, tables: firstTables(partitions), servers, parcels: [], faults: 0, isBusy: false };
}

function down(name: string, start: number): Server {
  return {
    name,
    boot: `${name}${start}`,
    isUp: false,
    isPaused: false,
    state: firstState(),
    armedAt: 0,
    fence: 0,
    taken: new Map(),
    held: new Set(),
    tasks: [],
  };
}

/** What a server does with an input: the shipped machine decides, and what it asks for becomes parcels and tasks. */
function input(world: World, at: number, run: (machine: Ownership, now: number) => void): World {
  const server = world.servers[at] as Server;
  const taken = new Map(server.taken);
  const held = new Set(server.held);
  const tasks = [...server.tasks];
  const parcels = [...world.parcels];
  let { armedAt, fence } = server;
  const state = forkState(server.state);
  const effects: OwnershipEffects = {
    ask: (call, _line, request) =>
      parcels.push({ server: at, boot: server.boot, call, request, isHeld: false }),
    arm: (time) => {
      armedAt = time;
    },
    joined: (number) => {
      fence = number;
    },
    refused: () => undefined,
    fenced: () => {
      taken.clear();
      held.clear();
      // What it has in memory, or is about to have, stays.
      tasks.splice(0, tasks.length, ...tasks.filter(({ type }) => type === 'load'));
    },
    own: (grants) => tasks.push({ type: 'own', grants }),
    release: (call, pids) => {
      for (const pid of pids) held.add(pid);
      tasks.push({ type: 'release', call, pids });
    },
    resume: (pids) => {
      for (const pid of pids) held.delete(pid);
    },
    lost: (pids) => {
      for (const pid of pids) {
        taken.delete(pid);
        held.delete(pid);
      }
    },
    mapChanged: () => undefined,
    drained: () => undefined,
    left: () => undefined,
  };
  run(new Ownership(server.name, server.boot, BOUNDS, effects, state), world.now);
  const next: Server = { ...server, state, armedAt, fence, taken, held, tasks };
  return { ...world, servers: world.servers.with(at, next), parcels };
}

/** Whether a server would act as the owner of a partition at this moment. */
export function actsAsOwner({ name, boot, isUp, state }: Server, pid: number, now: number): boolean {
  return isUp && new Ownership(name, boot, BOUNDS, NOTHING, state).owns(pid, now);
}

const nothing = (): void => undefined;
const NOTHING: OwnershipEffects = {
  ask: nothing,
  arm: nothing,
  joined: nothing,
  refused: nothing,
  fenced: nothing,
  own: nothing,
  release: nothing,
  resume: nothing,
  lost: nothing,
  mapChanged: nothing,
  drained: nothing,
  left: nothing,
};

/** One thing that may happen next. */
export interface Move {
  readonly label: string;
  readonly isFault?: boolean;
  readonly run: () => World;
}

const listens = (server: Server | undefined): server is Server => server?.isUp === true && !server.isPaused;

/**
 * What happens when nothing goes wrong: answers arrive, then requests are carried out, engines do what they were asked, timers fire, and
 * when nothing is left to do time passes.
 */
export function nextOf(world: World, database: ModelDatabase): Move {
  const { parcels, servers, now } = world;
  const back = parcels.findIndex(
    (parcel) => parcel.answer !== undefined && !parcel.isHeld && !servers[parcel.server]?.isPaused,
  );
  if (back >= 0) return deliver(world, back);
  const there = parcels.findIndex((parcel) => parcel.answer === undefined && !parcel.isHeld);
  if (there >= 0) return carryOut(world, there, database);
  for (const [at, server] of servers.entries()) {
    if (!listens(server)) continue;
    const task = server.tasks.findIndex((one) => isDoable(world, at, one));
    if (task >= 0) return perform(world, at, task);
  }
  const timer = servers.findIndex((server) => listens(server) && server.armedAt <= now);
  if (timer >= 0) return fire(world, timer);
  return { label: 'time passes', run: () => ({ ...world, now: now + 1 }) };
}

/** What may happen besides: with faults, as many as are left, and without. */
export function movesOf(world: World, database: ModelDatabase): readonly Move[] {
  const moves: Move[] = [nextOf(world, database)];
  const { parcels, servers } = world;
  for (const [at, parcel] of parcels.entries()) {
    const what = describe(world.servers[parcel.server]?.name ?? '', parcel);
    if (parcel.isHeld) {
      moves.push(parcel.answer === undefined ? carryOut(world, at, database) : deliver(world, at));
      if (isAwaited(world, parcel)) moves.push(giveUp(world, at));
    } else if (world.faults > 0)
      moves.push({
        label: `${what} is delayed`,
        isFault: true,
        run: () => fault({ ...world, parcels: parcels.with(at, { ...parcel, isHeld: true }) }),
      });
  }
  for (const [at, server] of servers.entries()) {
    const { name } = server;
    if (!server.isUp) {
      moves.push({ label: `${name} starts`, run: () => start(world, at) });
      continue;
    }
    if (listens(server))
      for (const [which, task] of server.tasks.entries())
        if (isDoable(world, at, task)) moves.push(perform(world, at, which));
    const isDue = !server.isPaused && server.armedAt <= world.now;
    if (isDue && moves[0]?.label !== `${name}'s timer fires`) moves.push(fire(world, at));
    if (server.isPaused) {
      moves.push({ label: `${name} wakes`, run: () => change(world, at, { isPaused: false }) });
      continue;
    }
    const isFlushing = parcels.some(({ flush, server: by }) => flush !== undefined && by === at);
    if (world.isBusy && !isFlushing)
      for (const [pid, epoch] of server.taken)
        if (!server.held.has(pid)) moves.push(flush(world, at, { pid, epoch, fence: server.fence }));
    if (server.state.isDrained && server.state.wants === 'drain')
      moves.push({
        label: `${name} leaves`,
        run: () => input(world, at, (machine, now) => machine.leave(now)),
      });
    if (world.faults === 0) continue;
    moves.push({
      label: `${name} stands still`,
      isFault: true,
      run: () => fault(change(world, at, { isPaused: true })),
    });
    moves.push({ label: `${name} is killed`, isFault: true, run: () => fault(kill(world, at)) });
    if (server.state.wants === 'serve')
      moves.push({
        label: `${name} is to drain`,
        isFault: true,
        run: () => fault(input(world, at, (machine, now) => machine.drain(now))),
      });
  }
  return moves;
}

/** Faults stop: what was delayed arrives, who stood still goes on. Who is down stays so, as long as there is somebody else. */
export function heal(world: World): World {
  let healed: World = {
    ...world,
    faults: 0,
    parcels: world.parcels.map((parcel) => ({ ...parcel, isHeld: false })),
    servers: world.servers.map((server) => ({ ...server, isPaused: false })),
  };
  // One that drains waits for somebody to end it.
  for (const [at, { isUp, state }] of healed.servers.entries())
    if (isUp && state.wants !== 'serve') healed = kill(healed, at);
  return healed.servers.some(({ isUp }) => isUp) ? healed : start(healed, 0);
}

const fire = (world: World, at: number): Move => ({
  label: `${world.servers[at]?.name}'s timer fires`,
  run: () => input(world, at, (machine, now) => machine.tick(now)),
});

const fault = (world: World): World => ({ ...world, faults: world.faults - 1 });

const change = (world: World, at: number, to: Partial<Server>): World => ({
  ...world,
  servers: world.servers.with(at, { ...(world.servers[at] as Server), ...to }),
});

function start(world: World, at: number): World {
  const { name, boot } = world.servers[at] as Server;
  const fresh: Server = { ...down(name, Number(boot.slice(name.length)) + 1), isUp: true };
  const begun = change(world, at, { ...fresh, tasks: [{ type: 'load' }] });
  return input(begun, at, (machine, now) => machine.tick(now));
}

/** What it had sent may still arrive; nobody waits for an answer. */
function kill(world: World, at: number): World {
  const { name, boot } = world.servers[at] as Server;
  const { tables, now } = world;
  const killed = change(world, at, { ...down(name, 0), boot });
  return {
    ...killed,
    tables,
    now,
    parcels: world.parcels.filter(({ server, answer }) => server !== at || answer === undefined),
  };
}

function deliver(world: World, at: number): Move {
  const parcel = world.parcels[at] as Parcel;
  const rest = { ...world, parcels: world.parcels.toSpliced(at, 1) };
  return {
    label: `${describe(world.servers[parcel.server]?.name ?? '', parcel)} arrives`,
    run: () => {
      if (!isAwaited(world, parcel)) return rest;
      return input(rest, parcel.server, (machine, now) => machine.answered(parcel.call, parcel.answer, now));
    },
  };
}

/** No answer came in time; the request may be carried out all the same. */
function giveUp(world: World, at: number): Move {
  const parcel = world.parcels[at] as Parcel;
  const rest = parcel.answer === undefined ? world : { ...world, parcels: world.parcels.toSpliced(at, 1) };
  return {
    label: `${describe(world.servers[parcel.server]?.name ?? '', parcel)} is waited for no longer`,
    run: () => input(rest, parcel.server, (machine, now) => machine.answered(parcel.call, undefined, now)),
  };
}

function carryOut(world: World, at: number, database: ModelDatabase): Move {
  const parcel = world.parcels[at] as Parcel;
  const { name } = world.servers[parcel.server] as Server;
  const asker = { name, boot: parcel.boot };
  return {
    label: `the database gets ${describe(world.servers[parcel.server]?.name ?? '', parcel)}`,
    run: () => {
      const parcels = world.parcels.toSpliced(at, 1);
      if (parcel.flush !== undefined) {
        database.commit(world.tables, asker, parcel.flush);
        return { ...world, parcels };
      }
      if (parcel.request === undefined) return { ...world, parcels };
      const [tables, answer] = database.run(world.tables, asker, parcel.request, world.now);
      if (isAwaited(world, parcel)) parcels.push({ ...parcel, answer, isHeld: false });
      return { ...world, tables, parcels };
    },
  };
}

function flush(world: World, at: number, what: Flush): Move {
  const { name, boot } = world.servers[at] as Server;
  const parcel: Parcel = { server: at, boot, call: 0, flush: what, isHeld: false };
  return {
    label: `${name} begins a commit to partition ${what.pid}`,
    run: () => ({ ...world, parcels: [...world.parcels, parcel] }),
  };
}

function perform(world: World, at: number, which: number): Move {
  const { name, tasks, taken } = world.servers[at] as Server;
  const task = tasks[which] as Task;
  const rest = change(world, at, { tasks: tasks.toSpliced(which, 1) });
  if (task.type === 'load')
    return {
      label: `${name} has loaded`,
      run: () => input(rest, at, (machine, now) => machine.loaded(now)),
    };
  if (task.type === 'release')
    return {
      label: `${name} has released ${task.pids.join()}`,
      run: () => input(rest, at, (machine, now) => machine.released(task.call, now)),
    };
  return {
    label: `${name} takes ops in for ${task.grants.map(({ pid }) => pid).join()}`,
    run: () => {
      const { state } = rest.servers[at] as Server;
      const isWanted = ({ pid, epoch }: Grant): boolean => state.holds.get(pid)?.epoch === epoch;
      const now = new Map([
        ...taken,
        ...task.grants.filter(isWanted).map(({ pid, epoch }) => [pid, epoch] as const),
      ]);
      return input(change(rest, at, { taken: now }), at, (machine, time) => machine.owned(task.grants, time));
    },
  };
}

/** Who joins loads everything then; a release is at its end when nothing of it is under way. */
function isDoable({ parcels, servers }: World, at: number, task: Task): boolean {
  if (task.type === 'own') return true;
  if (task.type === 'load') return (servers[at]?.fence ?? 0) > 0;
  return !parcels.some(
    ({ server, flush: its }) => server === at && its !== undefined && task.pids.includes(its.pid),
  );
}

function isAwaited({ servers }: World, { server, boot, call }: Parcel): boolean {
  const by = servers[server];
  if (!by?.isUp || by.boot !== boot) return false;
  return by.state.pulse?.call === call || by.state.work?.call === call;
}
