import type { ClientEvent } from '@topgun/client/engine';
import type { Policy } from '@topgun/server/engine';
import { OPEN_POLICIES } from './faults.js';
import type { SimValue } from './Ledger.js';
import { Ledger } from './Ledger.js';
import { MAPS } from './maps.js';
import { Rng } from './rng.js';
import { Scheduler } from './Scheduler.js';
import { openAll } from './workload.js';
import { SimDevice } from './world/SimDevice.js';
import type { Link } from './world/SimNetwork.js';
import { SimNetwork } from './world/SimNetwork.js';
import type { NodeWorld } from './world/SimNode.js';
import { SimNode } from './world/SimNode.js';
import type { Device, RealmWorld } from './world/SimRealm.js';
import { SimRealm } from './world/SimRealm.js';
import { SimStore } from './world/SimStore.js';

/** Wall clock at virtual time 0. */
const EPOCH_MS = 1_790_000_000_000;

/** All machines of one run, wired to one virtual clock, one source of chance, one ledger. Faults and the workload act on it from outside. */
export class World implements RealmWorld, NodeWorld {
  readonly rng: Rng;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly store: SimStore;
  readonly ledger = new Ledger();
  readonly devices: Device[] = [];
  readonly failures: string[] = [];
  /** A rolling digest of everything that happened: equal for equal seeds, on any machine. */
  trace = 0;
  node: SimNode | undefined;
  #policies: readonly Policy[] = OPEN_POLICIES;
  readonly #realmRng: Rng;
  readonly #nodeRng: Rng;

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.scheduler = new Scheduler(this.rng.fork());
    this.network = new SimNetwork(this.scheduler, this.rng.fork());
    this.#realmRng = this.rng.fork();
    this.#nodeRng = this.rng.fork();
    this.store = new SimStore(this.rng.id(22));
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
    const device = new SimDevice<SimRealm>(name, this.scheduler, this.rng.fork());
    this.devices.push(device);
    return device;
  }

  openTab(device: Device): SimRealm {
    const realm = new SimRealm(device, this, this.#realmRng.fork());
    openAll(realm, this.#realmRng);
    return realm;
  }

  realms(): SimRealm[] {
    return this.devices.flatMap((device) => device.realms);
  }

  fail(why: string): void {
    if (this.failures.length < 20) this.failures.push(`${this.scheduler.nowMs} ms: ${why}`);
  }

  accept(link: Link): boolean {
    if (this.node === undefined) return false;
    this.node.accept(link);
    return true;
  }

  onEvent(realm: SimRealm, event: ClientEvent): void {
    this.#mix(event.type.length * 31 + realm.session.charCodeAt(0));
    if (event.type === 'settled') this.ledger.settled(realm.session, event.seq, event.outcome, event.code);
    if (event.type === 'settled' && event.outcome === 'applied') this.#checkDurable(realm, event.seq);
    if (event.type === 'rejection') {
      const { id } = event.rejection;
      // A tab that died right after showing it may not have got to say so; one that lives has.
      if (this.ledger.rejections.get(id)?.alive) this.fail(`DEV-7: rejection ${id} was shown twice`);
      this.ledger.rejections.set(id, realm);
      realm.soon((engine) => engine.rejectionShown(id));
    }
    if (event.type === 'changes') this.#checkShown(realm, event.keysByMap.get(MAPS.todos));
  }

  onApplied(): void {
    this.#mix(this.store.commits);
  }

  onSend(message: { readonly type: string }, authenticated: boolean): void {
    this.#mix(message.type.length);
    const open = ['AUTH_ACK', 'ERROR', 'PONG', 'PING', 'SHUTDOWN'];
    if (!authenticated && !open.includes(message.type))
      this.fail(`S4: ${message.type} left for a socket that has not authenticated`);
  }

  /** D1 at the moment of the answer: what is answered as applied is on disk. */
  #checkDurable(realm: SimRealm, seq: number): void {
    if (this.store.settledOps.has(`${realm.session}:${seq}`)) return;
    this.fail(
      `D1: ${realm.device.name} was told that op ${seq} of ${realm.session} is applied, but no commit holds it`,
    );
  }

  /** SRV-1: what a device shows of others is on disk. */
  #checkShown(realm: SimRealm, keys: ReadonlySet<string> | undefined): void {
    for (const key of keys ?? []) {
      const value = realm.engine.get(MAPS.todos, key) as SimValue | undefined;
      if (value === undefined || this.store.values.has(value.id)) continue;
      if (this.ledger.writerOf(value.id) === realm.device) continue;
      this.fail(
        `SRV-1: ${realm.device.name} shows ${value.id} of another device at todos/${key}, which no commit holds`,
      );
    }
  }

  #mix(n: number): void {
    this.trace = (Math.imul(this.trace ^ n ^ this.scheduler.nowMs, 0x9e3779b1) + this.scheduler.ran) | 0;
  }
}
