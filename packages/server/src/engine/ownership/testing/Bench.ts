import type { ClusterMap, NodeInfo } from '../../../cluster/ports.js';
import { Ownership } from '../Ownership.js';
import type { Lease, OwnershipBounds, OwnershipEffects, OwnershipReply, OwnershipRequest } from '../ports.js';

const BOUNDS: OwnershipBounds = {
  leaseMs: 8_000,
  heartbeatMs: 2_000,
  fenceMs: 6_000,
  handOverMs: 3_000,
  retryMs: 250,
  handOvers: 2,
};

type Owner = string | undefined | readonly [node: string, epoch: number, target?: string];

export const nodeOf = (name: string, slot: number, state: NodeInfo['state'] = 'ACTIVE'): NodeInfo => ({
  name,
  boot: `${name}1`,
  slot,
  state,
  address: '',
  protocol: 1,
});

export function mapOf(
  version: number,
  owners: readonly Owner[],
  nodes: readonly NodeInfo[] = ['a', 'b'].map((name, i) => nodeOf(name, i)),
): ClusterMap {
  return {
    version,
    nodes,
    owners: owners.map((owner, pid) => {
      const [node, epoch, target] = Array.isArray(owner) ? owner : [owner, 1, undefined];
      return { pid, epoch, node, boot: node === undefined ? undefined : `${node}1`, target };
    }),
  };
}

export const leaseOf = (name: string, leftMs = 8_000): Lease => ({ name, boot: `${name}1`, leftMs });

/** The machine of node a, and all it asked for since it was last looked at. */
export class Bench {
  readonly asked: { readonly call: number; readonly line: string; readonly request: OwnershipRequest }[] = [];
  readonly told: unknown[] = [];
  armed = 0;
  now = 0;
  readonly machine: Ownership;
  releases: number[] = [];

  constructor() {
    const told = (name: string) => (value?: unknown) => {
      this.told.push(value === undefined ? name : [name, value]);
    };
    const effects: OwnershipEffects = {
      ask: (call, line, request) => this.asked.push({ call, line, request }),
      arm: (at) => {
        this.armed = at;
      },
      joined: told('joined'),
      refused: told('refused'),
      fenced: told('fenced'),
      own: told('own'),
      release: (call, pids) => {
        this.releases.push(call);
        this.told.push(['release', pids]);
      },
      resume: told('resume'),
      lost: told('lost'),
      mapChanged: ({ version }) => this.told.push(['map', version]),
      drained: told('drained'),
      left: told('left'),
    };
    this.machine = new Ownership('a', 'a1', BOUNDS, effects);
  }

  /** Answers the oldest question of this kind; `undefined` as reply: no answer comes. */
  answer(type: OwnershipReply['type'], reply: unknown): void {
    const at = this.asked.findIndex(({ request }) => request.type === type);
    if (at < 0) throw new Error(`${type} was not asked`);
    const call = this.asked.splice(at, 1)[0]?.call ?? 0;
    // As the test says.
    const answer = reply === undefined ? undefined : ({ type, reply } as OwnershipReply);
    this.machine.answered(call, answer, this.now);
  }

  renewed(
    map?: ClusterMap,
    rest: { readonly leads?: boolean; readonly leases?: readonly Lease[] } = {},
  ): void {
    const { leads = false, leases = [leaseOf('a'), leaseOf('b')] } = rest;
    const version = map?.version ?? this.machine.state.map.version;
    this.answer('renew', { leads, coordinator: 'x', leases, version, map });
  }

  at(now: number): this {
    this.now = now;
    this.machine.tick(now);
    return this;
  }

  /** What was told since the last look. */
  news(): unknown[] {
    return this.told.splice(0);
  }

  get wishes(): readonly OwnershipRequest[] {
    return this.asked.filter(({ line }) => line === 'work').map(({ request }) => request);
  }
}

/** Node a is ACTIVE since time 0, and has seen this map. */
export function active(map: ClusterMap, rest: Parameters<Bench['renewed']>[1] = {}): Bench {
  const bench = new Bench();
  bench.at(0);
  bench.answer('join', { fence: 1, version: 1 });
  bench.machine.loaded(0);
  bench.answer('state', true);
  bench.renewed(undefined);
  bench.renewed(map, rest);
  bench.news();
  return bench;
}

export const owned = (bench: Bench, ...pids: number[]): void => {
  const { owners } = bench.machine.state.map;
  bench.machine.owned(
    pids.map((pid) => ({ pid, epoch: owners[pid]?.epoch ?? 0 })),
    bench.now,
  );
};
