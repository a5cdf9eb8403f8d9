import { packPositions } from '@topgun/protocol';
import type { Commit } from './Commit.js';
import type { Connection } from './Connection.js';
import type { Cursors, MintedCursor } from './Cursors.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import type { Gate } from './Gate.js';
import type { MapState } from './MapState.js';
import type { ServerEffects } from './ports.js';
import type { RecordTable } from './RecordTable.js';
import { ViewGroup } from './ViewGroup.js';

/** The whole-map scopes of all connections, in one group per map and view. */
export class Scopes {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #cursors: Cursors;
  readonly #limits: EngineLimits;
  readonly #groups = new Map<string, Map<string, ViewGroup>>();
  /** By connection and map; undefined where nothing of the map may be read. */
  readonly #open = new Map<Connection, Map<string, ViewGroup | undefined>>();
  readonly #behind = new Set<Connection>();

  constructor(
    effects: ServerEffects,
    gate: Gate,
    table: RecordTable,
    cursors: Cursors,
    limits: EngineLimits,
  ) {
    this.#effects = effects;
    this.#gate = gate;
    this.#table = table;
    this.#cursors = cursors;
    this.#limits = limits;
  }

  get groupCount(): number {
    let count = 0;
    for (const groups of this.#groups.values()) count += groups.size;
    return count;
  }

  get memberCount(): number {
    let count = 0;
    for (const groups of this.#groups.values())
      for (const { members, parked } of groups.values()) count += members.size + parked.size;
    return count;
  }

  /** Scopes of a connection, refused ones included. */
  countOf(conn: Connection): number {
    return this.#open.get(conn)?.size ?? 0;
  }

  isOpen(conn: Connection, map: string): boolean {
    return this.#open.get(conn)?.has(map) === true;
  }

  /** The group a connection follows a map with; it stands where the group stands by then. */
  group(conn: Connection, map: string): ViewGroup | undefined {
    const group = this.#held(conn, map);
    return group?.parked.has(conn) === true && !this.#catchUp(conn, group) ? undefined : group;
  }

  /** The map, if somebody wrote to it and this connection may read all of it: only then there are cursors (RES-3). */
  wholeMap(conn: Connection, map: string): MapState | undefined {
    return this.#gate.may(conn, map).view.isWhole ? this.#table.map(map) : undefined;
  }

  /** Where a group stands, with the proof that makes it a cursor if its view is of the whole map. */
  placeOf(group: ViewGroup): MintedCursor | Pick<MintedCursor, 'at'> {
    const at = packPositions(group.positions());
    return (group.view.isWhole ? this.#cursors.mint(group.map, at) : undefined) ?? { at };
  }

  /** Rows that have to be looked at to open a scope: all of the map where nobody else has this view of a part of it. */
  rowsToScan(conn: Connection, map: string): number {
    const { view } = this.#gate.may(conn, map);
    if (view.isWhole || view.isBlind || this.#groups.get(map)?.has(view.signature)) return 0;
    return this.#table.map(map)?.items ?? 0;
  }

  /** Opens the scope, or finds it open. Undefined when nothing of the map may be read; that is remembered, too. */
  join(conn: Connection, map: string): ViewGroup | undefined {
    const { view } = this.#gate.may(conn, map);
    const held = this.#held(conn, map);
    if (held?.view.signature === view.signature) {
      // Whoever opens a scope is told where it stands.
      if (held.parked.has(conn)) held.park(conn);
      return held;
    }
    this.leave(conn, map);
    if (view.isBlind) {
      this.#gate.denied(conn, { action: 'READ', map, old: undefined });
      this.#note(conn, map, undefined);
      return undefined;
    }
    const groups = this.#groups.get(map) ?? new Map<string, ViewGroup>();
    this.#groups.set(map, groups);
    let group = groups.get(view.signature);
    if (group === undefined) {
      const { dirtyItems, frameBytes } = this.#limits;
      group = new ViewGroup(this.#table.hold(map), view, dirtyItems, frameBytes);
      groups.set(view.signature, group);
    } else {
      for (const frame of group.catchUp()) this.#effects.sendShared(idsOf(group.members), frame);
    }
    if (this.#behind.has(conn)) group.park(conn);
    else group.members.add(conn);
    this.#note(conn, map, group);
    return group;
  }

  leave(conn: Connection, map: string): void {
    const group = this.#held(conn, map);
    this.#open.get(conn)?.delete(map);
    if (group === undefined) return;
    group.members.delete(conn);
    group.parked.delete(conn);
    if (group.members.size + group.parked.size > 0) return;
    this.#table.release(group.map);
    const groups = this.#groups.get(map);
    groups?.delete(group.view.signature);
    if (groups?.size === 0) this.#groups.delete(map);
  }

  leaveAll(conn: Connection): void {
    for (const map of [...(this.#open.get(conn)?.keys() ?? [])]) this.leave(conn, map);
    this.#open.delete(conn);
    this.#behind.delete(conn);
  }

  /** The network does not take what the connection is sent, or has taken all of it (FLOW-2). */
  pressed(conn: Connection, isBehind: boolean): void {
    const groups = [...(this.#open.get(conn)?.values() ?? [])];
    if (isBehind) {
      this.#behind.add(conn);
      for (const group of groups) if (group?.members.has(conn) === true) group.park(conn);
      return;
    }
    this.#behind.delete(conn);
    for (const group of groups) {
      if (group?.parked.has(conn) !== true || !this.#catchUp(conn, group)) continue;
      group.parked.delete(conn);
      group.members.add(conn);
    }
  }

  /** Sends what a commit changed: one frame per group, shared by its members. */
  publish({ changes, touched, writers }: Commit, now: number): void {
    for (const [map, pids] of touched) {
      for (const group of this.#groups.get(map.name)?.values() ?? []) {
        const frames = group.advance(changes.get(map) ?? [], pids, hasCommon(group.members, writers));
        for (const frame of frames) this.#effects.sendShared(idsOf(group.members), frame);
        // A writer has passed its own op before the answer arrives.
        for (const conn of [...group.parked.keys()]) if (writers.has(conn)) this.#catchUp(conn, group);
        if (group.untold >= this.#limits.cursorEveryChanges) this.#tellCursor(group, now);
      }
    }
  }

  /**
   * A connection is about to be answered for an op that another node has taken in: its scope of a map passes the place of the partition
   * before, also where the view shows nothing of what changed (CLU-32).
   */
  bring(conn: Connection, map: string, pid: number): void {
    const group = this.#held(conn, map);
    if (group === undefined) return;
    group.map.reached.set(pid, group.map.lane.partition(pid).committed);
    for (const frame of group.catchUp()) this.#effects.sendShared(idsOf(group.members), frame);
    if (group.parked.has(conn)) this.#catchUp(conn, group);
  }

  /** Moves scopes in which nothing changed for long past what was purged, so that their cursors stay good (GC-4). */
  prune({ purges, lane }: Commit): void {
    if (purges.length === 0) return;
    for (const groups of this.#groups.values()) {
      for (const group of groups.values()) {
        if (group.map.lane !== lane) continue;
        const message = group.prune(purges.map(({ pid }) => pid));
        if (message !== undefined) this.#effects.sendShared(idsOf(group.members), message);
      }
    }
  }

  /** To be called every few seconds: fresh cursors where something changed and the last one is old. */
  tellCursors(now: number): void {
    for (const groups of this.#groups.values()) {
      for (const group of groups.values())
        if (group.untold > 0 && now - group.toldAtMs >= this.#limits.cursorEveryMs)
          this.#tellCursor(group, now);
    }
  }

  /** One frame for all members: they stand at the same place. */
  #tellCursor(group: ViewGroup, now: number): void {
    group.untold = 0;
    group.toldAtMs = now;
    if (!group.view.isWhole || group.members.size === 0) return;
    const { name } = group.map;
    const cursor = this.#cursors.mint(group.map, packPositions(group.positions()));
    if (cursor) this.#effects.sendShared(idsOf(group.members), { type: 'CURSOR', map: name, ...cursor });
  }

  /** Rights have changed: whoever now sees a map differently opens it again. */
  review(conn: Connection): void {
    for (const [map, group] of [...(this.#open.get(conn) ?? [])]) {
      const { view } = this.#gate.may(conn, map);
      if ((group?.view.signature ?? 'blind') === view.signature) continue;
      this.leave(conn, map);
      this.#effects.send(conn.id, errorMessage('RESYNC', { ref: map }));
    }
  }

  #held(conn: Connection, map: string): ViewGroup | undefined {
    return this.#open.get(conn)?.get(map);
  }

  /** Brings a parked member to where its group stands; false when it is told to open the scope again instead. */
  #catchUp(conn: Connection, group: ViewGroup): boolean {
    const frames = group.catchUpParked(conn);
    for (const frame of frames ?? []) this.#effects.send(conn.id, frame);
    if (frames !== undefined) return true;
    this.leave(conn, group.map.name);
    this.#effects.send(conn.id, errorMessage('RESYNC', { ref: group.map.name }));
    return false;
  }

  #note(conn: Connection, map: string, group: ViewGroup | undefined): void {
    const open = this.#open.get(conn);
    if (open === undefined) this.#open.set(conn, new Map([[map, group]]));
    else open.set(map, group);
  }
}

function idsOf(members: ReadonlySet<Connection>): number[] {
  return Array.from(members, (conn) => conn.id);
}

function hasCommon(a: ReadonlySet<Connection>, b: ReadonlySet<Connection>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const conn of few) if (many.has(conn)) return true;
  return false;
}
