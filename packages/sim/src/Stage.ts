import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { CommitBatch, EngineLimits, Policy, Resolvers } from '@topgun/server/engine';
import { Rng } from './rng.js';
import { Scheduler } from './Scheduler.js';
import { OPEN_POLICIES } from './world/policies.js';
import type { SimDevice, Tab } from './world/SimDevice.js';
import type { Link } from './world/SimNetwork.js';
import { SimNetwork } from './world/SimNetwork.js';
import type { NodeWorld, ServerNode, Verified } from './world/SimNode.js';
import { SimNode } from './world/SimNode.js';
import { SimStore } from './world/SimStore.js';
import { Trace } from './world/Trace.js';

/** Wall clock at virtual time 0. */
const EPOCH_MS = 1_790_000_000_000;
/** What the server sends over healed links has arrived by then. */
const HEARD_MS = 100;

/** All machines of one run, wired to one virtual clock and one seed: what faults act on, whatever runs on the devices. */
export abstract class Stage<T extends Tab = Tab, D extends SimDevice<T> = SimDevice<T>> implements NodeWorld {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly store: SimStore;
  readonly devices: D[] = [];
  readonly failures: string[] = [];
  /** What happened how often: faults by kind, frames dropped, flushes failed, … */
  readonly counts = new Map<string, number>();
  readonly trace = new Trace();
  abstract readonly serverLimits: Partial<EngineLimits>;
  #policies: readonly Policy[] = OPEN_POLICIES;
  #appliedAtMs = 0;
  readonly #nodeRng: Rng;
  #node: SimNode | undefined;
  readonly #underWay = new Set<() => void>();

  constructor(seed: number) {
    this.seed = seed;
    this.scheduler = new Scheduler(Rng.of(seed, 'scheduler'));
    this.network = new SimNetwork(this.scheduler, (what) => this.count(what));
    this.#nodeRng = Rng.of(seed, 'node');
    this.store = new SimStore(Rng.of(seed, 'store').id(22));
  }

  abstract openTab(device: D): T;
  /** The id of a value that was never written before. */
  abstract nextId(): number;
  abstract resolvers(): Resolvers;
  abstract isVolatile(map: string): boolean;
  abstract verify(token: string | undefined): Verified;

  /** Whether all that the server has committed has had the time to reach the devices, also what it ended by itself. */
  get isHeard(): boolean {
    return this.scheduler.nowMs - this.#appliedAtMs >= HEARD_MS;
  }

  /** The server, if one runs. */
  get node(): ServerNode | undefined {
    return this.#node;
  }

  trueWallMs(): number {
    return EPOCH_MS + Math.floor(this.scheduler.nowMs);
  }

  policies(): readonly Policy[] {
    return this.#policies;
  }

  /** Those that the node goes by that is sending something. */
  policiesOfSender(): readonly Policy[] {
    return this.#policies;
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = policies;
    this.node?.setPolicies(policies);
  }

  startNode(): void {
    this.#node ??= new SimNode(this, this.#nodeRng.fork());
  }

  crashNode(): void {
    this.#node?.crash();
    this.#node = undefined;
  }

  /** Hands the server end of a fresh link to the node; false when nobody listens. */
  accept(link: Link): boolean {
    this.#node?.accept(link);
    return this.#node !== undefined;
  }

  /** The tab is gone without a word. */
  killTab(tab: T): void {
    tab.kill();
  }

  /** The whole device is gone, and what its disk had not settled is lost from some point on. Returns how many tabs it had. */
  crashDevice(device: D, keepCommits: number): number {
    const tabs = [...device.realms];
    for (const tab of tabs) this.killTab(tab);
    if (device.disk.crash(keepCommits) > 0) this.sometimes('relaxed commits lost');
    return tabs.length;
  }

  realms(): T[] {
    return this.devices.flatMap((device) => device.realms);
  }

  /** A session that some tab speaks for, if that is known. */
  get someSession(): string | undefined {
    return undefined;
  }

  /** Lets a misfortune last `ms`, unless the world heals before: then, or at the healing, `end` runs once. */
  during(ms: number, end: () => void): void {
    const once = (): void => {
      if (this.#underWay.delete(once)) end();
    };
    this.#underWay.add(once);
    this.scheduler.after(ms, once);
  }

  /** Ends every misfortune that is under way. */
  heal(): void {
    for (const end of [...this.#underWay]) end();
    this.network.heal();
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Notes that a point was reached which `sometimes/` names. */
  sometimes(point: string): void {
    this.count(`sometimes ${point}`);
  }

  fail(why: string): void {
    if (this.failures.length < 20) this.failures.push(`${Math.round(this.scheduler.nowMs)} ms: ${why}`);
  }

  onApplied(_batch: CommitBatch): void {
    this.#appliedAtMs = this.scheduler.nowMs;
    this.trace.note(this.scheduler.nowMs, 'commit', String(this.store.commits));
  }

  onReceived(message: ClientMessage, bytes: Uint8Array, _isAuthenticated: boolean, _link: number): void {
    this.trace.note(this.scheduler.nowMs, message.type, 'client', bytes);
  }

  onTurned(): void {
    // For those who watch.
  }

  onSend(message: ServerMessage, bytes: Uint8Array, _isAuthenticated: boolean, _link: number): void {
    this.trace.note(this.scheduler.nowMs, message.type, 'server', bytes);
  }
}
