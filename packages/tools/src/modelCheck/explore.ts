import { keyOf } from './keyOf.js';
import { checkOwners, isServed, isShared } from './laws.js';
import { type DatabaseFaults, ModelDatabase, Violation } from './ModelDatabase.js';
import { BOUNDS, firstWorld, heal, movesOf, nextOf, type World } from './World.js';

export interface Scenario {
  readonly name: string;
  readonly servers: readonly string[];
  /** which of them are members when it begins; the others may start at any time */
  readonly members: readonly string[];
  readonly partitions: number;
  /** faults that may happen in one story */
  readonly faults: number;
  /** no commits: what is about ownership alone is found sooner */
  readonly isIdle?: boolean;
}

export interface ExploreOptions {
  /** distinct states at most */
  readonly states: number;
  readonly database?: DatabaseFaults;
  /** near: what is few steps away first, so that counterexamples are short. far: long stories first. Default near */
  readonly first?: 'near' | 'far';
  /** every so many states it is looked whether all is well in the end; default 50 */
  readonly endEvery?: number;
  readonly onProgress?: (states: number) => void;
}

export interface Exploration {
  readonly states: number;
  readonly moves: number;
  /** steps from the beginning to the farthest of them */
  readonly depth: number;
  /** all that can be reached was looked at */
  readonly isComplete: boolean;
  /** how many ends were looked at */
  readonly ends: number;
  readonly counterexample: { readonly message: string; readonly trace: readonly string[] } | undefined;
}

/** Steps in which a cluster has to be well again, without faults. */
const END_STEPS = 2_000;

/**
 * Goes through all that can happen. Two worlds from which the same can happen are one
 * (`keyOf`); of those that were gone through only a hash of 53 bits is kept, by which two of a million would be taken for one with a
 * probability of less than 10^-4: then something would not be looked at, and nothing would be called wrong that is right.
 */
export function explore(scenario: Scenario, options: ExploreOptions): Exploration {
  const { states: most, database: faults = {}, first = 'near', endEvery = 50, onProgress } = options;
  const database = new ModelDatabase(BOUNDS, faults);
  const seen = new Set<number>();
  const parents: number[] = [];
  const labels: string[] = [];
  const depths: number[] = [];
  const queue = new WorkList(first);
  let moves = 0;
  let depth = 0;
  let ends = 0;
  const traceOf = (id: number): readonly string[] => {
    const trace: string[] = [];
    for (let at = id; at > 0; at = parents[at] ?? 0) trace.unshift(labels[at] ?? '');
    return trace;
  };
  const report = (rest: Pick<Exploration, 'isComplete' | 'counterexample'>): Exploration => ({
    states: seen.size,
    moves,
    depth,
    ends,
    ...rest,
  });
  const add = (world: World, parent: number, label: string): void => {
    const hash = hashOf(keyOf(world));
    if (seen.has(hash)) return;
    seen.add(hash);
    const id = parents.length;
    parents.push(parent);
    labels.push(label);
    depths.push(id === 0 ? 0 : (depths[parent] ?? 0) + 1);
    queue.add({ world, id });
    if (seen.size % 100_000 === 0) onProgress?.(seen.size);
  };
  let id = 0;
  let label = '';
  try {
    add(beginning(scenario, database), 0, '');
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      const { world } = next;
      id = next.id;
      label = '';
      depth = Math.max(depth, depths[id] ?? 0);
      checkOwners(world);
      if (Number.isFinite(endEvery) && id % endEvery === 0) {
        ends++;
        label = 'faults stop';
        checkEnd(world, database);
      }
      for (const move of movesOf(world, database)) {
        moves++;
        label = move.label;
        add(move.run(), id, move.label);
      }
      if (seen.size >= most) return report({ isComplete: false, counterexample: undefined });
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const trace = [...traceOf(id), ...(label === '' ? [] : [label])];
    return report({ isComplete: false, counterexample: { message: error.message, trace } });
  }
  return report({ isComplete: true, counterexample: undefined });
}

interface Work {
  readonly world: World;
  readonly id: number;
}

/** What was found and not gone through yet. */
class WorkList {
  readonly #isNear: boolean;
  #now: Work[] = [];
  #later: Work[] = [];
  #at = 0;

  constructor(first: 'near' | 'far') {
    this.#isNear = first === 'near';
  }

  add(work: Work): void {
    this.#later.push(work);
  }

  take(): Work | undefined {
    if (!this.#isNear) return this.#later.pop();
    if (this.#at === this.#now.length) {
      this.#now = this.#later;
      this.#later = [];
      this.#at = 0;
    }
    return this.#now[this.#at++];
  }
}

/** The members have shared everything out and have been together for a while. */
function beginning(
  { servers, members, partitions, faults, isIdle }: Scenario,
  database: ModelDatabase,
): World {
  let world = firstWorld(servers, partitions);
  for (const name of members) {
    const at = servers.indexOf(name);
    const begun = movesOf(world, database).find(({ label }) => label === `${servers[at]} starts`);
    if (begun === undefined) throw new Error(`${name} cannot start`);
    world = quiet(begun.run(), database);
  }
  return { ...world, faults, isBusy: isIdle !== true };
}

/** Without faults for as long as everything takes to be in its place. */
function quiet(world: World, database: ModelDatabase): World {
  let at = world;
  const until = world.now + 4 * BOUNDS.leaseMs;
  while (at.now < until) at = nextOf(at, database).run();
  return at;
}

/** Every partition is owned at last once faults stop, and they lie evenly. */
function checkEnd(world: World, database: ModelDatabase): void {
  let at = heal(world);
  for (let step = 0; step < END_STEPS; step++) {
    if (at.now > world.now + BOUNDS.leaseMs && isServed(at) && isShared(at)) return;
    at = nextOf(at, database).run();
    checkOwners(at);
  }
  throw new Violation(
    isServed(at)
      ? 'partitions do not lie evenly, long after the last fault'
      : 'there are partitions that nobody takes ops in for, long after the last fault',
  );
}

/** 53 bits: two words of FNV-1a, begun apart. */
function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 15;
  }
  return (low >>> 0) + (high & 0x1fffff) * 2 ** 32;
}
