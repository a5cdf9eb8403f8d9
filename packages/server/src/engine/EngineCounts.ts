import type { Admission } from './Admission.js';
import type { Connection } from './Connection.js';
import { NodeView } from './NodeView.js';
import type { OwnerClock } from './OwnerClock.js';
import type { EngineStats } from './ports.js';
import type { Queries } from './Queries.js';
import type { RecordTable } from './RecordTable.js';
import type { Scopes } from './Scopes.js';
import type { Staging } from './Staging.js';
import type { Tally } from './Tally.js';
import type { Topics } from './Topics.js';

/** The machines of an engine that count something. */
export interface CountedMachines {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly table: RecordTable;
  readonly scopes: Scopes;
  readonly queries: Queries;
  readonly topics: Topics;
  readonly durable: Staging;
  readonly volatile: Staging;
  readonly admission: Admission;
  readonly clock: OwnerClock;
  readonly tally: Tally;
}

/** What the machines of an engine count, gathered when it is asked for: nothing here is done per op. */
export class EngineCounts {
  /** The same in lists, for people. */
  readonly lists: NodeView;
  readonly #machines: CountedMachines;

  constructor(machines: CountedMachines) {
    this.lists = new NodeView(machines);
    this.#machines = machines;
  }

  /** Ops admitted and not yet durable, waiting ones included. */
  get pendingOps(): number {
    const { durable, volatile, admission } = this.#machines;
    return durable.staged + durable.held + volatile.staged + admission.parked;
  }

  /** Of these, about. */
  get pendingBytes(): number {
    return this.#machines.admission.pendingBytes;
  }

  /** Every map with its items, deleted ones included. O(maps). */
  *mapItems(): IterableIterator<readonly [map: string, items: number]> {
    for (const { name, items } of this.#machines.table.maps()) yield [name, items];
  }

  stats(): Omit<EngineStats, 'draining'> {
    const { connections, table, scopes, queries, topics, durable, volatile, admission, tally } =
      this.#machines;
    let authenticated = 0;
    for (const { phase } of connections.values()) if (phase === 'READY') authenticated++;
    return {
      connections: connections.size,
      authenticated,
      maps: table.mapCount,
      records: table.records,
      scopes: scopes.memberCount,
      viewGroups: scopes.groupCount,
      queries: queries.subscriberCount,
      sharedQueries: queries.sharedCount,
      topics: topics.count,
      ...table.indexCounts(),
      staged: durable.staged + volatile.staged,
      parked: admission.parked + durable.held,
      pendingBytes: admission.pendingBytes,
      commits: durable.commits,
      commitsFailed: durable.failed,
      commitsUnknown: durable.unknown,
      opsApplied: tally.applied,
      opsSuperseded: tally.superseded,
      opsDuplicate: tally.duplicate,
      refused: tally.refused,
      limitsHit: tally.limitsHit,
      topicMessages: tally.topicMessages,
      topicDrops: tally.topicDrops,
      queryResults: tally.queryResults,
      queryRowsExamined: tally.queryRowsExamined,
      queryDeltas: tally.queryDeltas,
      syncs: tally.syncs,
      clock: this.#machines.clock.highWater,
    };
  }
}
