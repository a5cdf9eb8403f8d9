import { useCallback } from 'react';
import type { MapStatus, ServerStatus } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { count } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { type Column, Table } from '../components/Table.js';
import { useApi } from '../session/SessionContext.js';

/** Counting the items of all maps takes the server a while. */
const EVERY_MS = 10_000;

const columns: readonly Column<MapStatus>[] = [
  { title: 'Map', cell: ({ name }) => <a href={`#/data/${encodeURIComponent(name)}`}>{name}</a> },
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'Items', cell: ({ items }) => count(items), isNumber: true },
  { title: 'Root', cell: ({ root }) => <code>{root.toString(16)}</code> },
  { title: 'Indexes', cell: ({ indexes }) => indexes.map(indexText).join(', ') },
  {
    title: 'Would help',
    cell: ({ advice }) => (advice.length === 0 ? '' : `${advice.length} more`),
  },
];

const indexText = ({ name, isComplete }: MapStatus['indexes'][number]): string =>
  isComplete ? name : `${name} (building)`;

/** The maps of the server, what is in them and how they are indexed. */
export function Maps() {
  const api = useApi();
  const ask = useCallback(() => api.get<ServerStatus>('/api/status'), [api]);
  const { data, error } = usePolled(ask, EVERY_MS);
  return (
    <>
      <Notice error={error} />
      {data !== undefined && (
        <Table
          label="Maps"
          columns={columns}
          rows={data.maps ?? []}
          keyOf={({ name }) => name}
          empty="Nobody has written anything yet."
        />
      )}
    </>
  );
}
