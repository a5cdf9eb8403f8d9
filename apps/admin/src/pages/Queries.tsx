import { useCallback } from 'react';
import type { QuerySight } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { count } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { type Column, Table } from '../components/Table.js';
import { useApi } from '../session/SessionContext.js';

const EVERY_MS = 3_000;

const columns: readonly Column<QuerySight>[] = [
  { title: 'Map', cell: ({ map }) => map },
  { title: 'Query', cell: ({ query }) => <code>{query}</code> },
  { title: 'View', cell: ({ isWhole }) => (isWhole ? 'all of the map' : 'a part of it') },
  { title: 'Rows', cell: ({ rows }) => count(rows), isNumber: true },
  { title: 'Subscribers', cell: ({ subscribers }) => count(subscribers), isNumber: true },
];

/** The queries that the server keeps up to date, without the values they test. */
export function Queries() {
  const api = useApi();
  const ask = useCallback(() => api.get<{ queries: readonly QuerySight[] }>('/api/live-queries'), [api]);
  const { data, error } = usePolled(ask, EVERY_MS);
  return (
    <>
      <Notice error={error} />
      {data !== undefined && (
        <Table
          label="Live queries"
          columns={columns}
          rows={data.queries.map((query, at) => ({ ...query, at }))}
          keyOf={({ at }) => at}
          empty="No client has a query open."
        />
      )}
    </>
  );
}
