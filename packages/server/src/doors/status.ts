import type { Advice } from '@topgun/core';
import { PARTITION_COUNT } from '@topgun/protocol';
import type { ServerEngine } from '../engine/ServerEngine.js';
import type { Principal } from '../security/PermissionPolicy.js';
import type { TimeStatus } from '../time/NtpTimeProvider.js';
import type { ClusterFacts } from './cluster.js';
import type { Route } from './Route.js';

/** An index as `topgun status` shows it. */
export interface IndexStatus {
  readonly name: string;
  readonly rows: number;
  readonly isComplete: boolean;
}

/** One map as `topgun status` shows it. */
export interface MapStatus {
  readonly name: string;
  readonly kind: string;
  /** records, elements or counters present */
  readonly items: number;
  /** live root (DAT-5), for comparing with a device; only for who may read all of the map, for it says what is in it */
  readonly root?: number;
  readonly indexes: readonly IndexStatus[];
  /** indexes that would have spared the most reading of rows so far; as the root */
  readonly advice?: readonly Advice[];
}

export interface ServerStatus {
  readonly nodeId: string;
  readonly version: string;
  readonly state: string;
  readonly uptimeMs: number;
  readonly storage: string;
  readonly connections: number;
  /** of a node of a cluster */
  readonly cluster?: ClusterFacts | undefined;
  readonly authenticated: number;
  /** only for an ADMIN: where the time comes from */
  readonly time?: TimeStatus;
  /** only for an ADMIN */
  readonly maps?: readonly MapStatus[];
}

/** What the server says of itself. */
export interface ServerStatusParts extends Omit<ServerStatus, 'authenticated' | 'maps' | 'time'> {
  readonly engine: ServerEngine | undefined;
  readonly time: TimeStatus;
}

interface StatusParts extends ServerStatusParts {
  /** set for an ADMIN */
  readonly admin: Principal | undefined;
}

/** `/api/status`: a little for everybody, all of it for an ADMIN (OPS-4). */
export function statusRoutes(parts: () => ServerStatusParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/status',
      access: 'open',
      answer: async ({ principal }) => {
        const admin = principal?.roles.includes('ADMIN') === true ? principal : undefined;
        return { status: 200, body: await describeStatus({ ...parts(), admin }) };
      },
    },
  ];
}

/** It holds nothing a stranger may not know, unless an ADMIN asks. */
async function describeStatus(parts: StatusParts): Promise<ServerStatus> {
  const { engine, time, admin, ...open } = parts;
  const status = { ...open, authenticated: engine?.stats().authenticated ?? 0 };
  if (engine === undefined || admin === undefined) return status;
  return { ...status, time, maps: await countMaps(engine, admin) };
}

/** Indexes worth proposing at once: each of them costs every write. */
const ADVICE_SHOWN = 5;

/** Counts what is present, partition by partition, giving sockets their turn in between. */
async function countMaps(engine: ServerEngine, admin: Principal): Promise<MapStatus[]> {
  const maps = new Map<string, { kind: string; items: number }>();
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    const records = engine.changesSince(pid, { epoch: 0, n: 0 }, Number.MAX_SAFE_INTEGER);
    for (const { map, kind, value } of records) {
      const counted = maps.get(map) ?? { kind, items: 0 };
      if (value !== undefined) counted.items++;
      maps.set(map, counted);
    }
    if (records.length > 1_000) await new Promise((resolve) => setImmediate(resolve));
  }
  const names = [...maps.keys()].sort();
  return names.map((name) => {
    const { indexes, advice } = engine.inspector.indexes(name);
    const isOpen = engine.inspector.maps.readsAll(admin, name);
    return {
      name,
      kind: '',
      items: 0,
      ...maps.get(name),
      indexes: indexes.map(({ name: index, rows, isComplete }) => ({ name: index, rows, isComplete })),
      ...(isOpen && { root: engine.rootOf(name), advice: advice.slice(0, ADVICE_SHOWN) }),
    };
  });
}
