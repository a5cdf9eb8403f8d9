import { TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';
import {
  type CursorMessage,
  type DeviceMessage,
  type ErrorCode,
  type GcPruneMessage,
  type MerkleRespMessage,
  type RowsRespMessage,
  type ServerEventMessage,
  type SyncDeltaMessage,
  type SyncRootMessage,
  unpackPositions,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feed } from './Feeds.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, itemOf, type Offset, rowFromBulk, rowFromWire } from './rows.js';
import { Touched } from './Touched.js';
import { Walk } from './Walk.js';

/** What the server says about one map. */
export type ScopeMessage =
  | SyncRootMessage
  | SyncDeltaMessage
  | CursorMessage
  | MerkleRespMessage
  | RowsRespMessage
  | ServerEventMessage
  | GcPruneMessage;

type WithoutReq<M> = M extends unknown ? Omit<M, 'req' | 'map'> : never;

const START: Offset = { epoch: 0, n: 0 };

/** Rows that wait for the rest of their way, what was decided meanwhile, and how far the rows go. */
interface CatchUp {
  readonly rows: BaseRow[];
  readonly touched: Touched;
  cursor: Uint8Array | undefined;
}

/**
 * One whole-map scope on one connection: brings base to what the server has, proves it, and follows from there.
 *
 * SYNC_INIT presents the live root of base, and the cursor from which base has everything. The server sends what changed
 * since, and its own root. Equal roots: complete. Otherwise a Merkle walk finds what differs; at its end all of it changes
 * base in one step and one transaction, and the roots are compared again (RES-5). Deltas are chained by position per
 * partition and go on during the walk; items they touch are left out of the swap. A gap in the chain starts over, which
 * is the same repair (RES-2).
 *
 * The server sends pending deltas before it answers, so an answer stands at exactly the position this side has reached.
 * One that does not makes roots that differ.
 */
export class Scope implements Feed {
  readonly map: ReplicaMap;
  readonly #realm: Realm;
  readonly #nextReq: () => number;
  readonly #retryLater: () => void;
  /** Last position by partition; undefined until the server named them. */
  #to: Map<number, Offset> | undefined;
  /** Of the last SYNC_ROOT: to be kept when the scope is complete. */
  #cursor: Uint8Array | undefined;
  /** What the kept cursor says, once somebody has asked. */
  #read: { readonly cursor: Uint8Array; readonly places: ReadonlyMap<number, Offset> } | undefined;
  #rounds = 0;
  #walk: Walk | undefined;
  /** What came by cursor, for base to take in one step. */
  #caught: CatchUp | undefined;
  /** The server's live root where walk or catch-up has ended. */
  #proof = 0;
  /** How far deltas reached that came before there was a position to put them at, by partition. */
  readonly #early = new Map<number, Offset>();
  askedAtMs: number | undefined;
  req = 0;
  isComplete = false;
  isRefused = false;
  /** What walk or catch-up brought is here, and waits to change base together with that of other maps (RES-6). */
  isReady = false;
  /** Deltas or answers came since then, or since the server was asked. */
  #isOutdated = false;

  /** `retryLater` is called when the repair does not get there. */
  constructor(realm: Realm, map: ReplicaMap, nextReq: () => number, retryLater: () => void) {
    this.#realm = realm;
    this.map = map;
    this.#nextReq = nextReq;
    this.#retryLater = retryLater;
  }

  get isEmpty(): boolean {
    return this.map.isEmpty;
  }

  get ref(): string {
    return this.map.name;
  }

  /** Where the complete scope is in a partition. */
  position(pid: number): Offset | undefined {
    return this.isComplete ? (this.#to?.get(pid) ?? START) : undefined;
  }

  /** How far base has everything in a partition: what the server has said up to there, and base does not have, is gone. */
  reached(pid: number): Offset | undefined {
    const cursor = this.#kept;
    if (this.isComplete || !cursor) return this.position(pid);
    if (this.#read?.cursor !== cursor)
      this.#read = { cursor, places: placesIn(cursor.subarray(0, -LIMITS.proofBytes)) };
    return this.#read.places.get(pid);
  }

  /** Opens the scope, or checks it again from the start. */
  ask(): void {
    if (!this.#caught?.cursor) this.#caught = undefined;
    this.#open(this.#caught?.cursor ?? this.#kept);
  }

  get #kept(): Uint8Array | undefined {
    return this.#realm.replica.cursors.get(this.ref);
  }

  #open(cursor?: Uint8Array): void {
    this.isComplete = false;
    this.isReady = false;
    this.#isOutdated = false;
    this.#walk = undefined;
    const { kind } = this.map;
    const root = this.map.tree().rootHash();
    this.#request({ type: 'SYNC_INIT', kind, root, ...(cursor && { cursor }) });
  }

  /** The connection is gone: nothing is known of the server's position any more. */
  close(): void {
    this.isComplete = false;
    this.isRefused = false;
    this.#to = undefined;
    this.#early.clear();
    this.req = 0;
    this.#rounds = 0;
    this.askedAtMs = undefined;
    this.isReady = false;
    this.#walk = undefined;
  }

  putOff(): void {
    this.close();
  }

  /** Whoever follows the server from now on changes base: what was caught up in part is worth nothing. */
  forget(): void {
    this.#caught = undefined;
  }

  /** The scope stays closed. What this user may not read (any more) leaves the device; pending ops stay. */
  refuse(code: ErrorCode): void {
    this.close();
    this.forget();
    this.isRefused = true;
    if (code !== 'DENIED') return;
    this.#realm.replica.keepCursor(this.ref, undefined);
    for (const item of [...this.map.base.keys()]) this.map.put(item, undefined);
  }

  message(message: ScopeMessage): void {
    if (message.type === 'SERVER_EVENT') this.#event(message);
    else if (message.type === 'GC_PRUNE') this.#prune(message);
    else if (message.type === 'CURSOR' && message.req === undefined) this.#fresh(message);
    else if (message.req === this.req) this.#answer(message);
  }

  #answer(message: Exclude<ScopeMessage, ServerEventMessage | GcPruneMessage>): void {
    // A second answer to one question: base may not be where it says, for what changed in between can be held back.
    if (this.askedAtMs === undefined) return;
    this.askedAtMs = undefined;
    if (message.type === 'SYNC_ROOT') this.#root(message);
    else if (message.type === 'SYNC_DELTA') this.#delta(message);
    else if (message.type === 'CURSOR') {
      // The rest is asked for from here, now or after a break.
      this.#caughtUp.cursor = cursorOf(message);
      this.ask();
    } else {
      if (message.type === 'MERKLE_RESP') this.#walk?.merkle(message);
      else this.#walk?.rows(message);
      this.#next(message.root);
    }
  }

  #root(message: SyncRootMessage): void {
    this.#realm.replica.learn(this.map, message);
    this.#to = placesIn(message.at);
    this.#cursor = message.proof && cursorOf({ at: message.at, proof: message.proof });
    // A view of a part of the map gives no cursor, and what it leaves out leaves base.
    if (!this.#cursor) this.#keep(undefined);
    // A delta that came before this answer and reaches beyond it: the transport has turned them round, and the delta is lost.
    const isOvertaken = [...this.#early].some(([pid, to]) => this.#order(pid, to) > 0);
    this.#early.clear();
    if (isOvertaken) return this.ask();
    for (const [pid, to] of this.#to) this.map.passed(pid, to);
    if (this.#caught) return this.#end(message.root);
    if (this.#isProven(message.root)) return;
    if (++this.#rounds > LIMITS.syncRounds) return this.#giveUp();
    // What came by cursor was not enough: an answer has changed base since it was asked for, or base had been damaged.
    if (!message.parts) return this.#open(this.#isOutdated ? this.#kept : undefined);
    this.#walk = new Walk(() => this.map.tree(), message.parts);
    this.#next(message.root);
  }

  /** What changed since the cursor; the root follows. */
  #delta(message: SyncDeltaMessage): void {
    this.askedAtMs = this.#realm.clock.monoMs();
    for (const row of message.rows) this.#caughtUp.rows.push(rowFromBulk(row, message));
  }

  get #caughtUp(): CatchUp {
    this.#caught ??= { rows: [], touched: new Touched(), cursor: undefined };
    return this.#caught;
  }

  /** Deltas: applied where they continue the chain, ignored where they are old, a new start where one is missing. */
  #event(message: ServerEventMessage): void {
    if (!this.#to) {
      for (const [pid, , , epoch, n] of message.parts) this.#early.set(pid, { epoch, n });
      return;
    }
    for (const [pid, fromEpoch, fromN, epoch, n, rows] of message.parts) {
      const at = this.#to.get(pid) ?? START;
      const to = { epoch, n };
      if (compareOffsets(at, { epoch: fromEpoch, n: fromN }) !== 0) {
        if (compareOffsets(to, at) <= 0) continue;
        this.#to = undefined;
        return this.ask();
      }
      for (const change of rows) {
        const row = rowFromWire(change, message.nodes, epoch);
        this.#realm.clock.admitted(row.t);
        this.touch(row);
        this.map.accept(row);
      }
      this.#isOutdated = true;
      this.#advance(pid, to);
    }
  }

  /** What the server pruned was gone before: an idle, complete scope only moves its position (GC-4). */
  #prune({ at }: GcPruneMessage): void {
    if (!this.isComplete) return;
    for (const [pid, epoch, n] of at)
      if (this.#order(pid, { epoch, n }) > 0) this.#advance(pid, { epoch, n });
  }

  /** A cursor for a scope that has been open for a while; not for one that has missed a delta and does not know it yet. */
  #fresh(message: CursorMessage): void {
    const places = unpackPositions(message.at);
    if (this.isComplete && places?.every(([pid, epoch, n]) => this.#order(pid, { epoch, n }) <= 0))
      this.#keep(cursorOf(message));
  }

  /** A delta or an answer has brought this row, which may be gone: what walk or catch-up brings must not overwrite it if it is older. */
  touch(row: BaseRow): void {
    this.#isOutdated = true;
    this.#walk?.touched.add(row);
    this.#caught?.touched.add(row);
  }

  #order(pid: number, position: Offset): number {
    return compareOffsets(position, this.#to?.get(pid) ?? START);
  }

  #advance(pid: number, to: Offset): void {
    this.#to?.set(pid, to);
    this.map.passed(pid, to);
  }

  /** Asks for what is still open in the walk, or ends it. */
  #next(root: number): void {
    const request = this.#walk?.next();
    if (request) this.#request(request);
    else this.#end(root);
  }

  #end(root: number): void {
    this.#proof = root;
    this.#isOutdated = false;
    this.isReady = true;
  }

  /** Base takes what walk or catch-up brought. */
  swap(): void {
    this.isReady = false;
    const { rows, touched } = this.#caught ?? { rows: [] };
    this.#caught = undefined;
    for (const row of rows) if (!touched?.has(itemOf(row), row)) this.map.accept(row);
    this.#walk?.swap((item, row) => {
      this.#realm.conflicts.repaired(this.map, this.map.known(item), row);
      this.map.put(item, row);
    });
  }

  prove(): boolean {
    return this.#isProven(this.#proof);
  }

  /** Deltas or answers have made the root another one meanwhile: what changed since it is asked for. Otherwise base was damaged. */
  again(): void {
    this.#open(this.#isOutdated && !this.#walk ? this.#cursor : undefined);
  }

  /** Whether base is what the server has; the scope is complete then. */
  #isProven(root: number): boolean {
    if (root !== this.map.tree().rootHash()) return false;
    this.isComplete = true;
    this.#walk = undefined;
    this.#rounds = 0;
    if (this.#cursor) this.#keep(this.#cursor);
    this.#realm.touch();
    return true;
  }

  /** Walk after walk, and the roots still differ: one side's rows are not what its hashes say. */
  #giveUp(): void {
    this.#rounds = 0;
    const message = `Map "${this.ref}" could not be made equal to the server's.`;
    const remedy =
      TEXTS && 'Restart the server; if that does not help, check its storage. The client goes on trying.';
    this.#realm.fail(new TopGunError({ code: 'SYNC_DIVERGED', message, remedy, retriable: true }));
    this.#retryLater();
  }

  /** A cursor says that base has everything up to it, which it has not while a counter waits (DEV-5): then the one from before stays. */
  #keep(cursor: Uint8Array | undefined): void {
    if (cursor && this.map.isHolding) return;
    this.#realm.replica.keepCursor(this.ref, cursor);
  }

  #request(message: WithoutReq<Extract<DeviceMessage, { readonly req: number }>>): void {
    this.req = this.#nextReq();
    this.askedAtMs = this.#realm.clock.monoMs();
    this.#realm.fx.send({ ...message, req: this.req, map: this.ref });
  }
}

const placesIn = (bytes: Uint8Array): Map<number, Offset> =>
  new Map(unpackPositions(bytes)?.map(([pid, epoch, n]) => [pid, { epoch, n }]));

const cursorOf = ({ at, proof }: Pick<CursorMessage, 'at' | 'proof'>): Uint8Array =>
  Uint8Array.of(...at, ...proof);
