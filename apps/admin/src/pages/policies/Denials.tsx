import type { Denial } from '../../api/answers.js';
import { timeOf } from '../../components/formats.js';
import { type Column, Table } from '../../components/Table.js';

const columns: readonly Column<Denial>[] = [
  { title: 'When', cell: ({ atMs }) => (atMs === undefined ? '' : timeOf(atMs)) },
  { title: 'Subject', cell: ({ sub }) => sub },
  { title: 'Action', cell: ({ action }) => action },
  { title: 'Map', cell: ({ map }) => map },
  { title: 'Key', cell: ({ key }) => key },
  {
    title: 'Why',
    cell: ({ atMs: _, sub: _sub, action: _action, map: _map, key: _key, ...why }) => (
      <code className="value">{JSON.stringify(why)}</code>
    ),
  },
];

/** Who was denied what, the last first, and what each rule that came near said. */
export function Denials({ denials }: { readonly denials: readonly Denial[] }) {
  return (
    <Table
      label="Denied lately"
      columns={columns}
      rows={denials.map((denial, at) => ({ ...denial, at }))}
      keyOf={({ at }) => Number(at)}
      empty="Nothing was denied."
    />
  );
}
