import type { ClusterMap, NodeInfo, OwnerRow } from '@topgun/server/internal/cluster/ports';
import type {
  MapChange,
  OwnershipBounds,
  OwnershipReply,
  OwnershipRequest,
} from '@topgun/server/internal/engine/ownership/ports';

/** A row of `nodes`. */
export interface NodeRow extends NodeInfo {
  /** of its lease, in the time of the database */
  readonly until: number;
}

/** What the tables hold; never changed, only replaced. */
export interface Tables {
  readonly map: Omit<ClusterMap, 'nodes'> & { readonly nodes: readonly NodeRow[] };
  readonly coordinator: { readonly node: string; readonly boot: string; readonly until: number };
  /** numbers of fences by name */
  readonly fences: Readonly<Record<string, number>>;
  /** numbers of the last joins by boot */
  readonly joins: Readonly<Record<string, number>>;
}

/** A commit on its way: all that the database sees of it. */
export interface Flush {
  readonly pid: number;
  readonly epoch: number;
  readonly fence: number;
}

/** Something that must never be so. */
export class Violation extends Error {}

export interface Asker {
  readonly name: string;
  readonly boot: string;
}

/** What one of these was told to do without, for seeing whether it is missed. */
export interface DatabaseFaults {
  readonly takesLiving?: boolean;
  readonly leavesFence?: boolean;
  readonly trustsLateWord?: boolean;
  readonly takesLateJoins?: boolean;
}

export function firstTables(partitions: number): Tables {
  const owners = Array.from(
    { length: partitions },
    (_, pid): OwnerRow => ({ pid, epoch: 0, node: undefined, boot: undefined, target: undefined }),
  );
  return {
    map: { version: 0, nodes: [], owners },
    coordinator: { node: '', boot: '', until: -1 },
    fences: {},
    joins: {},
  };
}

/**
 * The functions of migrations 2 and 5, on plain data: each is one step, as each is one transaction there. The tests of the real ones are
 * `clusterTables.test.ts`; whoever changes one has to look at the other.
 */
export class ModelDatabase {
  readonly #bounds: OwnershipBounds;
  readonly #faults: DatabaseFaults;

  constructor(bounds: OwnershipBounds, faults: DatabaseFaults = {}) {
    this.#bounds = bounds;
    this.#faults = faults;
  }

  /** A request of a node that arrives now. */
  run(
    tables: Tables,
    asker: Asker,
    request: OwnershipRequest,
    now: number,
  ): readonly [Tables, OwnershipReply] {
    const [next, answer] = this.#run(tables, asker, request, now);
    for (const [pid, { epoch, node, boot }] of next.map.owners.entries()) {
      const before = tables.map.owners[pid];
      if (before === undefined || epoch > before.epoch) continue;
      if (epoch < before.epoch) throw new Violation(`the epoch of partition ${pid} goes back`);
      if (node !== undefined && (node !== before.node || boot !== before.boot))
        throw new Violation(`partition ${pid} has two owners in epoch ${epoch}`);
    }
    return [next, answer];
  }

  /** A commit that arrives: void with another number of the fence. Throws when it counts and is not the owner's. */
  commit({ map, fences }: Tables, { name, boot }: Asker, { pid, epoch, fence }: Flush): 'counts' | 'void' {
    if (fences[name] !== fence) return 'void';
    const owner = map.owners[pid];
    if (owner?.node !== name || owner.boot !== boot || owner.epoch !== epoch)
      throw new Violation(
        `a commit of ${name} to partition ${pid} counts in epoch ${epoch}, which is ${owner?.node}'s in ${owner?.epoch}`,
      );
    return 'counts';
  }

  #run(
    tables: Tables,
    asker: Asker,
    request: OwnershipRequest,
    now: number,
  ): readonly [Tables, OwnershipReply] {
    const { type } = request;
    switch (type) {
      case 'join':
        return this.#join(tables, asker, request, now);
      case 'renew':
        return this.#renew(tables, asker, request.known, now);
      case 'state': {
        const row = find(tables, asker);
        if (row === undefined) return [tables, { type, reply: false }];
        if (row.state === request.state || row.state === 'DRAINING')
          return [tables, { type, reply: row.state === request.state }];
        return [
          withMap(tables, { nodes: put(tables, { ...row, state: request.state }) }),
          { type, reply: true },
        ];
      }
      case 'propose': {
        if (tables.map.version !== request.version) return [tables, { type, reply: false }];
        return [
          withMap(tables, { owners: this.#assigned(tables, request.changes, now, undefined) }),
          { type, reply: true },
        ];
      }
      case 'handOver':
        return this.#handOver(tables, asker, request, now);
      case 'takeOver': {
        const row = find(tables, { name: request.node, boot: request.boot });
        if (row === undefined || (row.until > now && !this.#faults.takesLiving))
          return [tables, { type, reply: false }];
        if (row.until > now) throw new Violation(`${row.name} is taken over, whose lease lives`);
        const raised = this.#faults.leavesFence ? tables : raise(tables, row.name);
        const owners = this.#assigned(raised, request.changes, now, row.name);
        return [
          without(withMap(raised, { owners: freed(owners, row.name) }), row.name),
          { type, reply: true },
        ];
      }
      case 'leave': {
        const row = find(tables, asker);
        if (row === undefined) return [tables, { type, reply: false }];
        const raised = raise(tables, row.name);
        const gone = without(withMap(raised, { owners: freed(raised.map.owners, row.name) }), row.name);
        const { coordinator } = gone;
        return [
          coordinator.node === row.name ? { ...gone, coordinator: { ...coordinator, until: -1 } } : gone,
          { type, reply: true },
        ];
      }
    }
  }

  #join(
    tables: Tables,
    { name, boot }: Asker,
    { number, state }: OwnershipRequest & { readonly type: 'join' },
    now: number,
  ): readonly [Tables, OwnershipReply] {
    const held = tables.map.nodes.find((row) => row.name === name);
    if (held !== undefined && held.boot !== boot && held.until > now)
      return [tables, { type: 'join', reply: { refused: 'NODE_NAME_TAKEN' } }];
    if (number <= (tables.joins[boot] ?? 0) && !this.#faults.takesLateJoins)
      return [tables, { type: 'join', reply: undefined }];
    const numbered = { ...tables, joins: { ...tables.joins, [boot]: number } };
    const raised = raise(numbered, name);
    const owners =
      state === 'ACTIVE'
        ? raised.map.owners.map((owner) =>
            owner.node === name ? { ...owner, boot, epoch: owner.epoch + 1 } : owner,
          )
        : freed(raised.map.owners, name);
    const slots = tables.map.nodes.map(({ slot }) => slot);
    const slot = held?.slot ?? [0, 1, 2, 3, 4].find((free) => !slots.includes(free)) ?? 0;
    const row: NodeRow = {
      name,
      boot,
      slot,
      state,
      address: '',
      protocol: 1,
      until: now + this.#bounds.leaseMs,
    };
    const next = withMap(raised, { owners, nodes: put(raised, row) });
    return [next, { type: 'join', reply: { fence: next.fences[name] ?? 0, version: next.map.version } }];
  }

  #renew(tables: Tables, asker: Asker, known: number, now: number): readonly [Tables, OwnershipReply] {
    const type = 'renew';
    const row = find(tables, asker);
    if (row === undefined || row.until <= now) return [tables, { type, reply: 'gone' }];
    const until = now + this.#bounds.leaseMs;
    const { node, boot, until: ledUntil } = tables.coordinator;
    const leads = ledUntil <= now || (node === asker.name && boot === asker.boot);
    // A lease is no part of the map: its version stays.
    const next: Tables = {
      ...tables,
      map: { ...tables.map, nodes: put(tables, { ...row, until }) },
      ...(leads && { coordinator: { node: asker.name, boot: asker.boot, until } }),
    };
    const { map } = next;
    const reply = {
      leads,
      coordinator: next.coordinator.node,
      leases: map.nodes.map((other) => ({
        name: other.name,
        boot: other.boot,
        leftMs: Math.max(0, other.until - now),
      })),
      version: map.version,
      map: map.version === known ? undefined : map,
    };
    return [next, { type, reply }];
  }

  #handOver(
    tables: Tables,
    asker: Asker,
    { pids, epochs, target }: OwnershipRequest & { readonly type: 'handOver' },
    now: number,
  ): readonly [Tables, OwnershipReply] {
    const type = 'handOver';
    const { leaseMs, handOverMs } = this.#bounds;
    const isSelf = target === asker.name;
    const taker = tables.map.nodes.find(
      (row) =>
        row.name === target &&
        (isSelf ? row.boot === asker.boot : row.state === 'ACTIVE' && row.until > now + leaseMs - handOverMs),
    );
    if (taker === undefined) return [tables, { type, reply: undefined }];
    const isGiven = (owner: OwnerRow): boolean => {
      const at = pids.indexOf(owner.pid);
      if (at < 0 || owner.node !== asker.name || owner.boot !== asker.boot) return false;
      return (
        (this.#faults.trustsLateWord || owner.epoch === epochs[at]) && (isSelf || owner.target === target)
      );
    };
    const given = tables.map.owners.filter(isGiven).map(({ pid }) => pid);
    if (given.length === 0) return [tables, { type, reply: { version: tables.map.version, given } }];
    const owners = tables.map.owners.map((owner) =>
      isGiven(owner)
        ? {
            ...owner,
            epoch: owner.epoch + 1,
            node: taker.name,
            boot: taker.boot,
            target: isSelf ? owner.target : undefined,
          }
        : owner,
    );
    const next = withMap(tables, { owners });
    return [next, { type, reply: { version: next.map.version, given } }];
  }

  /** Owners for what has none, or had the dead one; targets for the rest. */
  #assigned(
    { map }: Tables,
    changes: readonly MapChange[],
    now: number,
    dead: string | undefined,
  ): readonly OwnerRow[] {
    return map.owners.map((owner) => {
      const change = changes.find(({ pid }) => pid === owner.pid);
      if (change === undefined) return owner;
      if (change.node !== undefined) {
        const taker = map.nodes.find(
          ({ name, state, until }) => name === change.node && state === 'ACTIVE' && until > now,
        );
        if (taker === undefined || taker.name === dead || owner.node !== dead) return owner;
        return { ...owner, epoch: owner.epoch + 1, node: taker.name, boot: taker.boot, target: undefined };
      }
      if (dead !== undefined || owner.node === undefined || owner.node === change.target) return owner;
      return { ...owner, target: change.target };
    });
  }
}

const find = ({ map }: Tables, { name, boot }: Asker): NodeRow | undefined =>
  map.nodes.find((row) => row.name === name && row.boot === boot);

const put = ({ map }: Tables, row: NodeRow): readonly NodeRow[] =>
  [...map.nodes.filter(({ name }) => name !== row.name), row].sort((a, b) => a.slot - b.slot);

const freed = (owners: readonly OwnerRow[], name: string): readonly OwnerRow[] =>
  owners.map((owner) =>
    owner.node === name ? { ...owner, node: undefined, boot: undefined, target: undefined } : owner,
  );

const raise = (tables: Tables, name: string): Tables => ({
  ...tables,
  fences: { ...tables.fences, [name]: (tables.fences[name] ?? 0) + 1 },
});

/** Another map has another version. */
const withMap = (tables: Tables, change: Partial<Tables['map']>): Tables => ({
  ...tables,
  map: { ...tables.map, ...change, version: tables.map.version + 1 },
});

/** Its row goes, the highest slot takes its place, and nothing is on its way to it any more. */
function without(tables: Tables, name: string): Tables {
  const { nodes, owners } = tables.map;
  const hole = nodes.find((row) => row.name === name)?.slot ?? 0;
  const rest = nodes.filter((row) => row.name !== name);
  const highest = Math.max(-1, ...rest.map(({ slot }) => slot));
  const moved = rest.map((row) => (row.slot === highest && highest > hole ? { ...row, slot: hole } : row));
  return {
    ...tables,
    map: {
      ...tables.map,
      nodes: moved.sort((a, b) => a.slot - b.slot),
      owners: owners.map((owner) => (owner.target === name ? { ...owner, target: undefined } : owner)),
    },
  };
}
