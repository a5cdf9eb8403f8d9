import type { ClientEvent } from '@topgun/client/engine';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { CommitBatch, EngineLimits, Policy } from '@topgun/server/engine';
import { Rng } from './rng.js';
import { Scheduler } from './Scheduler.js';
import { Ledger } from './workload/Ledger.js';
import { openAll } from './workload/openAll.js';
import { OPEN_POLICIES } from './world/policies.js';
import { SimDevice } from './world/SimDevice.js';
import type { Link } from './world/SimNetwork.js';
import { SimNetwork } from './world/SimNetwork.js';
import type { NodeWorld } from './world/SimNode.js';
import { SimNode } from './world/SimNode.js';
import type { Device, RealmWorld } from './world/SimRealm.js';
import { SimRealm } from './world/SimRealm.js';
import { SimStore } from './world/SimStore.js';
import { Trace } from './world/Trace.js';
import type { Watch } from './world/Watch.js';

/** Wall clock at virtual time 0. */
const EPOCH_MS = 1_790_000_000_000;

/** All machines of one run, wired to one virtual clock, one seed, one ledger. Faults and the workload act on it from outside. */
export class World implements RealmWorld, NodeWorld {
  readonly seed: number;
  readonly serverLimits: Partial<EngineLimits>;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly store: SimStore;
  readonly ledger = new Ledger();
  readonly devices: Device[] = [];
  readonly failures: string[] = [];
  /** What happened how often: faults by kind, frames dropped, flushes failed, … */
  readonly counts = new Map<string, number>();
  readonly trace = new Trace();
  readonly watches: Watch[] = [];
  node: SimNode | undefined;
  #policies: readonly Policy[] = OPEN_POLICIES;
  readonly #nodeRng: Rng;
  readonly #underWay = new Set<() => void>();

  constructor(seed: number, serverLimits: Partial<EngineLimits> = {}) {
    this.seed = seed;
    this.serverLimits = serverLimits;
    this.scheduler = new Scheduler(Rng.of(seed, 'scheduler'));
    this.network = new SimNetwork(this.scheduler, (what) => this.count(what));
    this.#nodeRng = Rng.of(seed, 'node');
    this.store = new SimStore(Rng.of(seed, 'store').id(22));
  }

  trueWallMs(): number {
    return EPOCH_MS + Math.floor(this.scheduler.nowMs);
  }

  policies(): readonly Policy[] {
    return this.#policies;
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = policies;
    this.node?.setPolicies(policies);
  }

  startNode(): void {
    if (this.node === undefined) this.node = new SimNode(this, this.#nodeRng.fork());
  }

  crashNode(): void {
    this.node?.crash();
    this.node = undefined;
  }

  addDevice(name: string): Device {
    const device = new SimDevice<SimRealm>(name, this.scheduler, Rng.of(this.seed, name));
    device.stolen = () => this.sometimes('lock stolen from a silent leader');
    this.devices.push(device);
    return device;
  }

  openTab(device: Device): SimRealm {
    const realm = new SimRealm(device, this, device.rng.fork());
    openAll(realm, device.rng);
    return realm;
  }

  /** The tab is gone without a word. */
  killTab(realm: SimRealm): void {
    for (const watch of this.watches) watch.dying?.(realm);
    realm.kill();
  }

  /** The whole device is gone, and what its disk had not settled is lost from some point on. Returns how many tabs it had. */
  crashDevice(device: Device, keepCommits: number): number {
    const tabs = [...device.realms];
    for (const realm of tabs) this.killTab(realm);
    if (device.disk.crash(keepCommits) > 0) this.sometimes('relaxed commits lost');
    return tabs.length;
  }

  realms(): SimRealm[] {
    return this.devices.flatMap((device) => device.realms);
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

  accept(link: Link): boolean {
    if (this.node === undefined) return false;
    this.node.accept(link);
    return true;
  }

  onEvent(realm: SimRealm, event: ClientEvent): void {
    this.count(`event ${event.type}`);
    this.trace.note(this.scheduler.nowMs, event.type, realm.session);
    if (event.type === 'settled')
      this.ledger.settled(realm.session, event.seq, event.outcome, event.code, event.by);
    for (const watch of this.watches) watch.event?.(realm, event);
    if (event.type !== 'rejection') return;
    const { id } = event.rejection;
    this.ledger.rejectionsShown.add(id.slice(id.indexOf(':') + 1));
    if (realm.device.diesShowing) this.#dieShowing(realm);
    else realm.soon((engine) => engine.rejectionShown(id));
  }

  /** The app shows a rejection, and the tab dies before the listener has returned. */
  #dieShowing(realm: SimRealm): void {
    const { device } = realm;
    device.diesShowing = false;
    this.scheduler.after(0, () => {
      if (!realm.alive) return;
      this.killTab(realm);
      this.during(device.rng.int(0, 3000), () => this.openTab(device));
    });
  }

  onApplied(batch: CommitBatch): void {
    this.trace.note(this.scheduler.nowMs, 'commit', String(this.store.commits));
    for (const watch of this.watches) watch.committed?.(batch);
  }

  onReceived(message: ClientMessage, bytes: Uint8Array, isAuthenticated: boolean): void {
    this.trace.note(this.scheduler.nowMs, message.type, 'client', bytes);
    for (const watch of this.watches) watch.received?.(message, isAuthenticated);
  }

  onSend(message: ServerMessage, bytes: Uint8Array, isAuthenticated: boolean): void {
    this.trace.note(this.scheduler.nowMs, message.type, 'server', bytes);
    for (const watch of this.watches) watch.sending?.(message, isAuthenticated);
  }
}
