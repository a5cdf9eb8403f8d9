import { useCallback } from 'react';
import type { ConnectionSight } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { count, timeOf } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { type Column, Table } from '../components/Table.js';
import { useApi } from '../session/SessionContext.js';

const EVERY_MS = 3_000;

const columns: readonly Column<ConnectionSight>[] = [
  { title: '#', cell: ({ id }) => id, isNumber: true },
  { title: 'Subject', cell: ({ sub, phase }) => sub ?? <em className="quiet">{phase.toLowerCase()}</em> },
  { title: 'Roles', cell: ({ roles }) => roles?.join(', ') },
  { title: 'Address', cell: ({ remote }) => remote },
  { title: 'Client', cell: ({ clientId }) => <code>{clientId}</code> },
  { title: 'Maps', cell: ({ scopes }) => count(scopes), isNumber: true },
  { title: 'Queries', cell: ({ queries }) => count(queries), isNumber: true },
  { title: 'Last heard', cell: ({ seenAtMs }) => timeOf(seenAtMs), isNumber: true },
];

/** The sockets that are open, the newest first. */
export function Connections() {
  const api = useApi();
  const ask = useCallback(
    () => api.get<{ connections: readonly ConnectionSight[] }>('/api/connections'),
    [api],
  );
  const { data, error } = usePolled(ask, EVERY_MS);
  return (
    <>
      <Notice error={error} />
      {data !== undefined && (
        <Table
          label="Connections"
          columns={columns}
          rows={data.connections}
          keyOf={({ id }) => id}
          empty="Nobody is connected."
        />
      )}
    </>
  );
}
