import type { Admission } from './Admission.js';
import type { Connection } from './Connection.js';
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
  readonly tally: Tally;
}

/** What the machines of an engine count. */
export function machineStats(machines: CountedMachines): Omit<EngineStats, 'clock' | 'draining'> {
  const { connections, table, scopes, queries, topics, durable, volatile, admission, tally } = machines;
  const ready = [...connections.values()].filter(({ phase }) => phase === 'READY');
  return {
    connections: connections.size,
    authenticated: ready.length,
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
    commits: durable.commits,
    commitsFailed: durable.failed,
    commitsUnknown: durable.unknown,
    opsApplied: tally.applied,
    opsSuperseded: tally.superseded,
    opsDuplicate: tally.duplicate,
    refused: tally.refused,
    topicMessages: tally.topicMessages,
    topicDrops: tally.topicDrops,
    queryResults: tally.queryResults,
    queryRowsExamined: tally.queryRowsExamined,
    queryDeltas: tally.queryDeltas,
  };
}
