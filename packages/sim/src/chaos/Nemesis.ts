import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../rng.js';
import type { Fault, Ongoing } from './faults/Fault.js';
import type { Load } from './load/Load.js';
import type { Story } from './load/Story.js';
import type { Report } from './Report.js';
import type { ChaosStage } from './stage/ChaosStage.js';

/** Ops flow for so long before a fault comes. */
const CALM_MS = 500;
/** When this process, which is the network too, stood still for longer than that, it is told: its times say little then. */
const STILL_MS = 1_000;

export interface NemesisParts {
  readonly stage: ChaosStage;
  readonly load: Load;
  readonly story: Story;
  readonly report: Report;
  readonly rng: Rng;
  readonly say: (line: string) => void;
}

/** Brings faults over a cluster under load, one after the other, and looks after each whether everything is as it was. */
export class Nemesis {
  readonly #parts: NemesisParts;
  readonly #turns = monitorEventLoopDelay({ resolution: 20 });
  #round = 0;

  constructor(parts: NemesisParts) {
    this.#parts = parts;
    this.#turns.enable();
  }

  /** Some faults at once; resolves when they are healed, all is equal, and all nodes own partitions again. */
  async strike(faults: readonly Fault[]): Promise<void> {
    const { stage, load, story, report, rng, say } = this.#parts;
    const round = ++this.#round;
    const kinds = faults.map(({ kind }) => kind);
    const scene = { stage, rng, say: (fault: string) => void story.faults.push(fault) };
    await sleep(CALM_MS);
    this.#turns.reset();
    const begunMs = performance.now();
    const ongoing: Ongoing[] = [];
    try {
      for (const fault of faults) ongoing.push(await fault.begin(scene));
      say(`${round}. ${ongoing.map(({ what }, at) => `${kinds[at]}: ${what}`).join('; ')}`);
      const ownedMs = await this.#owned(ongoing, begunMs);
      const lastsMs = Math.max(...ongoing.map((one) => one.lastsMs));
      await sleep(Math.max(0, lastsMs - (performance.now() - begunMs)));
      for (const at of healingOrder(faults)) await ongoing[at]?.heal();
      const healedMs = performance.now();
      await load.quiet();
      const equalMs = Math.round(performance.now() - healedMs);
      await stage.whole();
      report.add({ kinds, ownedMs, equalMs });
      const owned = ownedMs === undefined ? '' : `, owned again after ${ownedMs} ms`;
      const stillMs = Math.round(this.#turns.max / 1e6);
      const still = stillMs > STILL_MS ? `; this process stood still for ${stillMs} ms` : '';
      const lasted = Math.round((healedMs - begunMs) / 100) / 10;
      say(`   lasted ${lasted} s${owned}, equal ${equalMs} ms after it was healed${still}`);
    } catch (error) {
      throw new Error(`${kinds.join(' and ')}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    for (const { node, pid, epoch, owner, owner_epoch, at } of await stage.witness.strayWrites())
      story.faults.push(
        `O1: ${node} wrote to partition ${pid} at epoch ${epoch}, and ${owner} owned it at ${owner_epoch} (${at})`,
      );
    load.resume();
  }

  /** Until those that live took ops in for everything, ms; undefined where nobody died. */
  async #owned(ongoing: readonly Ongoing[], begunMs: number): Promise<number | undefined> {
    const { stage } = this.#parts;
    const dead = new Set(ongoing.flatMap(({ death }) => death ?? []));
    if (dead.size === 0) return undefined;
    await stage.takesOps(stage.names.map((_, at) => at).filter((at) => !dead.has(at)));
    return Math.round(performance.now() - begunMs);
  }
}

/** Faults without end: each kind once before one comes again, some of them two at once. */
export function* drawn(faults: readonly Fault[], rng: Rng): Generator<readonly Fault[], never> {
  let deck: Fault[] = [];
  const draw = (fits: (fault: Fault) => boolean): Fault => {
    if (deck.length === 0) deck = shuffled(faults, rng);
    const at = Math.max(0, deck.findIndex(fits));
    return deck.splice(at, 1)[0] as Fault;
  };
  for (;;) {
    const first = draw(() => true);
    if (!rng.chance(PAIRS) || first.isDeath) yield [first];
    else {
      const second = draw(({ group, isDeath }) => isDeath !== true && group !== first.group);
      // The deck may have had no other.
      yield isPair(first, second) ? [first, second] : [first];
    }
  }
}

const PAIRS = 0.25;

/** A node that ends loses what it alone knows: with a Redis that has lost it too nobody may expect it to come. */
const isPair = (one: Fault, other: Fault): boolean => {
  const groups = [one.group, other.group];
  return (
    one.group !== other.group &&
    other.isDeath !== true &&
    !(groups.includes('bus') && groups.includes('nodes'))
  );
};

function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(rng.int(0, rest.length - 1), 1)[0] as T);
}

/** A node that is started while there is no database ends again, and is its supervisor's business: the database comes back first. */
function healingOrder(faults: readonly Fault[]): number[] {
  const order = [...faults.keys()];
  const rank = (at: number): number => (faults[at]?.group === 'database' ? 0 : 1);
  return order.sort((a, b) => rank(a) - rank(b));
}
