import type { ClusterMap, NodeInfo, OwnerRow } from '@topgun/server/internal/cluster/ports';
import type {
  MapChange,
  OwnershipBounds,
  OwnershipReply,
  OwnershipRequest,
} from '@topgun/server/internal/engine/ownership/ports';
import type { Fences } from './Fences.js';

/** A start of a node, as it names itself to the database. */
export interface Asker {
  readonly name: string;
  readonly boot: string;
}

interface NodeRow {
  readonly boot: string;
  slot: number;
  state: NodeInfo['state'];
  readonly protocol: number;
  until: number;
}

interface OwnedRow {
  epoch: number;
  node: string | undefined;
  boot: string | undefined;
  target: string | undefined;
}

export interface MembershipParts {
  readonly bounds: OwnershipBounds;
  readonly fences: Fences;
  /** the time of the database, ms */
  readonly now: () => number;
  /** last epoch of what is committed in a partition */
  readonly epochOf: (pid: number) => number;
  /** the epoch that each partition begins with: as if the cluster had moved it so often before */
  readonly epochs: readonly number[];
  /** who listens is told of a version of the map */
  readonly notify: (version: number) => void;
  readonly protocol: number;
}

/**
 * Who is a node of the cluster and who owns what, as the simulated database keeps it: leases by its own time, every change of the map a
 * version. Said from CLU-1 to CLU-15, apart from the product's SQL.
 */
export class Membership {
  readonly #parts: MembershipParts;
  #version = 0;
  #nodes = new Map<string, NodeRow>();
  #owners: OwnedRow[];
  /** number of the last join of each start */
  #joins = new Map<string, number>();
  #coordinator = { name: '', boot: '', until: Number.NEGATIVE_INFINITY };

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#owners = parts.epochs.map((epoch) => ({
      ...{ epoch, node: undefined, boot: undefined, target: undefined },
    }));
  }

  get version(): number {
    return this.#version;
  }

  ownerOf(pid: number): Readonly<OwnedRow> {
    return this.#owners[pid] as OwnedRow;
  }

  /** Carries a request out as one transaction; `done` is called when it is, which may be later: a raised fence waits for commits. */
  ask(by: Asker, request: OwnershipRequest, done: (reply: OwnershipReply) => void): void {
    const { type } = request;
    const { fences } = this.#parts;
    switch (type) {
      case 'join': {
        const refused = { type, reply: { refused: 'NODE_NAME_TAKEN' } } as const;
        if (this.#isTaken(by)) return done(refused);
        return fences.alone(by.name, () => {
          if (this.#isTaken(by)) return done(refused);
          const last = this.#joins.get(by.boot) ?? 0;
          if (request.number <= last) return done({ type, reply: undefined });
          this.#joins.set(by.boot, request.number);
          done({ type, reply: this.#join(by, request.state) });
        });
      }
      case 'renew':
        return done({ type, reply: this.#renew(by, request.known) });
      case 'state':
        return done({ type, reply: this.setState(by, request.state) });
      case 'propose':
        return done({ type, reply: this.#propose(request.version, request.changes) });
      case 'handOver':
        return done({ type, reply: this.#handOver(by, request) });
      case 'takeOver': {
        const dead = { name: request.node, boot: request.boot };
        if (!this.isDead(dead)) return done({ type, reply: false });
        return fences.alone(dead.name, () => {
          if (!this.isDead(dead)) return done({ type, reply: false });
          this.#takeOver(dead, by, request.changes);
          done({ type, reply: true });
        });
      }
      case 'leave':
        return fences.alone(by.name, () => done({ type, reply: this.#leave(by) }));
    }
  }

  /** Forward only: what comes late changes nothing. */
  setState(of: Asker, state: 'ACTIVE' | 'DRAINING'): boolean {
    const row = this.#rowOf(of);
    if (row === undefined) return false;
    const rank = { JOINING: 0, ACTIVE: 1, DRAINING: 2 };
    if (rank[row.state] >= rank[state]) return row.state === state;
    row.state = state;
    this.#nextVersion();
    return true;
  }

  /** A start of a node whose lease has run out. */
  isDead(of: Asker): boolean {
    const row = this.#rowOf(of);
    return row !== undefined && row.until <= this.#parts.now();
  }

  map(): ClusterMap {
    const nodes = [...this.#nodes].map(
      ([name, { boot, slot, state, protocol }]): NodeInfo => ({
        ...{ name, boot, slot, state, protocol },
        address: `sim://${name}`,
      }),
    );
    nodes.sort((a, b) => a.slot - b.slot);
    const owners = this.#owners.map((owner, pid): OwnerRow => ({ pid, ...owner }));
    return { version: this.#version, nodes, owners };
  }

  /** Nodes that have a row. */
  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** A new life of the store begins: what is given out from now on lies above all that was. */
  leap(by: number): void {
    const last = Math.max(...this.#owners.map(({ epoch }, pid) => Math.max(epoch, this.#parts.epochOf(pid))));
    for (const owner of this.#owners) owner.epoch = last + by;
  }

  /** What stands now; the function that is returned puts it back. */
  backup(): () => void {
    const [version, coordinator] = [this.#version, { ...this.#coordinator }];
    const nodes = [...this.#nodes].map(([name, row]) => [name, { ...row }] as const);
    const owners = this.#owners.map((owner) => ({ ...owner }));
    const joins = new Map(this.#joins);
    return () => {
      this.#joins = joins;
      this.#version = version;
      this.#coordinator = coordinator;
      this.#nodes = new Map(nodes);
      this.#owners = owners;
    };
  }

  #rowOf({ name, boot }: Asker): NodeRow | undefined {
    const row = this.#nodes.get(name);
    return row?.boot === boot ? row : undefined;
  }

  #isTaken({ name, boot }: Asker): boolean {
    const row = this.#nodes.get(name);
    return row !== undefined && row.boot !== boot && row.until > this.#parts.now();
  }

  #nextVersion(): number {
    this.#version++;
    this.#parts.notify(this.#version);
    return this.#version;
  }

  #give(pid: number, to: Asker): void {
    const owner = this.#owners[pid] as OwnedRow;
    owner.epoch = this.nextEpoch(pid);
    owner.node = to.name;
    owner.boot = to.boot;
    owner.target = undefined;
  }

  /** Above all that the partition ever had, whoever gave it (CLU-15). */
  nextEpoch(pid: number): number {
    return Math.max(this.ownerOf(pid).epoch, this.#parts.epochOf(pid)) + 1;
  }

  #free(name: string): void {
    for (const owner of this.#owners)
      if (owner.node === name) {
        owner.node = undefined;
        owner.boot = undefined;
        owner.target = undefined;
      }
  }

  #remove(name: string): void {
    const hole = this.#nodes.get(name)?.slot ?? 0;
    this.#nodes.delete(name);
    const last = [...this.#nodes.values()].sort((a, b) => b.slot - a.slot)[0];
    if (last !== undefined && last.slot > hole) last.slot = hole;
    for (const owner of this.#owners) if (owner.target === name) owner.target = undefined;
  }

  #join(by: Asker, state: 'JOINING' | 'ACTIVE') {
    const { bounds, fences, now, protocol } = this.#parts;
    const held = this.#nodes.get(by.name);
    const used = new Set([...this.#nodes.values()].map(({ slot }) => slot));
    let slot = held?.slot ?? 0;
    if (held === undefined) while (used.has(slot)) slot++;
    const fence = fences.raise(by.name, by.boot);
    for (const [pid, owner] of this.#owners.entries())
      if (owner.node === by.name && state === 'ACTIVE') {
        const { target } = owner;
        this.#give(pid, by);
        owner.target = target;
      }
    if (state !== 'ACTIVE') this.#free(by.name);
    this.#nodes.set(by.name, { boot: by.boot, slot, state, protocol, until: now() + bounds.leaseMs });
    return { fence, version: this.#nextVersion() };
  }

  #renew(by: Asker, known: number) {
    const { bounds, now } = this.#parts;
    const row = this.#rowOf(by);
    if (row === undefined || row.until <= now()) return 'gone';
    row.until = now() + bounds.leaseMs;
    const { name, boot, until } = this.#coordinator;
    const leads = until <= now() || (name === by.name && boot === by.boot);
    if (leads) this.#coordinator = { ...by, until: row.until };
    return {
      leads,
      coordinator: this.#coordinator.until > now() ? this.#coordinator.name : undefined,
      leases: [...this.#nodes].map(([other, { boot: its, until: ends }]) => ({
        name: other,
        boot: its,
        leftMs: ends - now(),
      })),
      version: this.#version,
      map: this.#version === known ? undefined : this.map(),
    } as const;
  }

  #takes(name: string | undefined): Asker | undefined {
    const row = name === undefined ? undefined : this.#nodes.get(name);
    if (name === undefined || row?.state !== 'ACTIVE' || row.until <= this.#parts.now()) return undefined;
    return { name, boot: row.boot };
  }

  #propose(version: number, changes: readonly MapChange[]): boolean {
    if (version !== this.#version) return false;
    for (const { pid, node, target } of changes) {
      const owner = this.#owners[pid] as OwnedRow;
      const taker = this.#takes(node);
      if (node === undefined) {
        if (owner.node !== undefined && owner.node !== target) owner.target = target;
      } else if (owner.node === undefined && taker !== undefined) this.#give(pid, taker);
    }
    this.#nextVersion();
    return true;
  }

  #handOver(
    by: Asker,
    { pids, epochs, target }: Extract<OwnershipRequest, { readonly type: 'handOver' }>,
  ): { readonly version: number; readonly given: readonly number[] } | undefined {
    const { bounds, now } = this.#parts;
    const isSelf = target === by.name;
    const row = this.#nodes.get(target);
    const isHeard = row !== undefined && row.until > now() + bounds.leaseMs - bounds.handOverMs;
    const isFit = isSelf ? row?.boot === by.boot : row?.state === 'ACTIVE' && isHeard;
    if (row === undefined || !isFit) return undefined;
    const given = pids.filter((pid, i) => {
      const owner = this.#owners[pid] as OwnedRow;
      const isOwn = owner.node === by.name && owner.boot === by.boot && owner.epoch === epochs[i];
      return isOwn && (isSelf || owner.target === target);
    });
    if (given.length === 0) return { version: this.#version, given };
    for (const pid of given) {
      const before = this.ownerOf(pid).target;
      this.#give(pid, { name: target, boot: row.boot });
      if (isSelf) (this.#owners[pid] as OwnedRow).target = before;
    }
    return { version: this.#nextVersion(), given };
  }

  #takeOver(dead: Asker, by: Asker, changes: readonly MapChange[]): void {
    this.#parts.fences.raise(dead.name, `taken over by ${by.name} ${by.boot}`);
    for (const { pid, node } of changes) {
      const taker = node === dead.name ? undefined : this.#takes(node);
      if (this.ownerOf(pid).node === dead.name && taker !== undefined) this.#give(pid, taker);
    }
    this.#free(dead.name);
    this.#remove(dead.name);
    this.#nextVersion();
  }

  #leave(by: Asker): boolean {
    if (this.#rowOf(by) === undefined) return false;
    this.#parts.fences.raise(by.name, `${by.boot} has left`);
    this.#free(by.name);
    this.#remove(by.name);
    const { name, boot } = this.#coordinator;
    if (name === by.name && boot === by.boot) this.#coordinator.until = Number.NEGATIVE_INFINITY;
    this.#nextVersion();
    return true;
  }
}
