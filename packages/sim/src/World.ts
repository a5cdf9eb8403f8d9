import type { ClientEvent } from '@topgun/client/engine';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { CommitBatch, EngineLimits, Resolvers } from '@topgun/server/engine';
import { Rng } from './rng.js';
import { Stage } from './Stage.js';
import { Ledger } from './workload/Ledger.js';
import { CURSORS } from './workload/maps.js';
import { openAll } from './workload/openAll.js';
import { judges } from './world/judges.js';
import { RealmDevice } from './world/RealmDevice.js';
import type { SimDevice } from './world/SimDevice.js';
import type { Verified } from './world/SimNode.js';
import type { Device, RealmWorld } from './world/SimRealm.js';
import { SimRealm } from './world/SimRealm.js';
import { verifyToken } from './world/tokens.js';
import type { Watch } from './world/Watch.js';

/**
 * Bounds that a run of minutes would not meet, made small: what is remembered for a month (SRV-4), how many items a Merkle node
 * lists, how many ops wait for the disk, which results are sent anew, how many rows are looked at for those who come.
 */
const SMALL_LIMITS: Partial<EngineLimits> = {
  endedSessionMs: 20_000,
  forgetEveryMs: 1_000,
  merkleItems: 2,
  pendingOps: 30,
  cursorEveryMs: 5_000,
  cursorEveryChanges: 20,
  smallResultBytes: 100,
  scannedRowsPerSecond: 25,
};

/** The stage with the engines of clients on its devices, and one ledger. Faults and the workload act on it from outside. */
export class World extends Stage<SimRealm, Device> implements RealmWorld {
  readonly serverLimits: Partial<EngineLimits>;
  readonly ledger = new Ledger();
  readonly watches: Watch[] = [];

  constructor(seed: number, serverLimits: Partial<EngineLimits> = {}) {
    super(seed);
    this.serverLimits = { ...SMALL_LIMITS, ...serverLimits };
  }

  nextId(): number {
    return this.ledger.nextId();
  }

  resolvers(): Resolvers {
    return judges();
  }

  isVolatile(map: string): boolean {
    return map === CURSORS;
  }

  verify(token: string | undefined): Verified {
    return verifyToken(token);
  }

  addDevice(name: string): Device {
    const device = new RealmDevice<SimRealm>(name, this.scheduler, Rng.of(this.seed, name));
    device.stolen = () => this.sometimes('lock stolen from a silent leader');
    this.devices.push(device);
    return device;
  }

  openTab(device: Device): SimRealm {
    const realm = new SimRealm(device, this, device.rng.fork());
    openAll(realm, device.rng);
    return realm;
  }

  /** What keeps it from being at rest, beside what devices do. */
  troubles(): readonly string[] {
    return [];
  }

  /** Whether a device, or who is on a link, was let in by a server that could not learn what others had committed (CLU-60). */
  mayLag(_of: SimDevice<SimRealm> | number): boolean {
    return false;
  }

  /** Whether something ran whose promises go on before anything else does. */
  takeStirred(): boolean {
    return false;
  }

  override get someSession(): string | undefined {
    return this.realms()[0]?.session;
  }

  override killTab(realm: SimRealm): void {
    for (const watch of this.watches) watch.dying?.(realm);
    super.killTab(realm);
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

  override onApplied(batch: CommitBatch): void {
    super.onApplied(batch);
    for (const watch of this.watches) watch.committed?.(batch);
  }

  override startNode(): void {
    if (this.node === undefined) for (const watch of this.watches) watch.starting?.();
    super.startNode();
  }

  override onTurned(): void {
    for (const watch of this.watches) watch.turned?.();
  }

  override onReceived(
    message: ClientMessage,
    bytes: Uint8Array,
    isAuthenticated: boolean,
    link: number,
  ): void {
    super.onReceived(message, bytes, isAuthenticated, link);
    for (const watch of this.watches) watch.received?.(message, isAuthenticated, link);
  }

  override onSend(message: ServerMessage, bytes: Uint8Array, isAuthenticated: boolean, link: number): void {
    super.onSend(message, bytes, isAuthenticated, link);
    for (const watch of this.watches) watch.sending?.(message, isAuthenticated, link, bytes);
  }
}
