import type { Row } from '@topgun/client';
import type { QueryFilter } from '@topgun/core';
import { useClient, useConnectionState, useQuery } from '@topgun/react';
import { useEffect, useState } from 'react';
import { type Column, Table } from '../../components/Table.js';
import { RecordEditor } from './RecordEditor.js';

/** Shown at once; more than that is for a filter, or for `topgun export`. */
const SHOWN = 100;

/** What is edited: a record, or a new one. */
type Edited = { readonly key: string; readonly value: unknown };

/** The first records of a map that match, by key, live; and the editor of one. */
export function Records({
  map,
  kind,
  where,
}: {
  readonly map: string;
  readonly kind: string | undefined;
  readonly where: Readonly<Record<string, unknown>>;
}) {
  const client = useClient();
  const filter = { where, limit: SHOWN } as QueryFilter<unknown>;
  const { data, loading, error, completeness } = useQuery<unknown>(map, filter);
  const { state } = useConnectionState();
  const [edited, setEdited] = useState<Edited>();
  const [refusal, setRefusal] = useState<string>();
  useEffect(
    () =>
      client.onRejection(({ code, key }) => setRefusal(`The server refused the change of ${key} (${code}).`)),
    [client],
  );
  const handle = error === undefined ? client.query<unknown>(map, filter) : undefined;
  const open = (row: Row<unknown>): void => setEdited({ key: row._key, value: handle?.valueOf(row) });
  // Elements of sets and counters are changed by what an app means with them, not by hand.
  const isEditable = kind === undefined || kind === 'LWW';

  const columns: readonly Column<Row<unknown>>[] = [
    {
      title: 'Key',
      cell: (row) =>
        isEditable ? (
          <button type="button" className="link" onClick={() => open(row)} data-testid="record">
            {row._key}
          </button>
        ) : (
          row._key
        ),
    },
    { title: 'Value', cell: (row) => <code className="value">{JSON.stringify(handle?.valueOf(row))}</code> },
  ];

  return (
    <>
      {refusal !== undefined && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
      {error !== undefined && (
        <p className="refusal" role="alert">
          {error.message} {error.remedy}
        </p>
      )}
      <p className="quiet bar">
        <span data-testid="found">
          {loading ? 'Asking…' : `${data.length}${data.length === SHOWN ? ' or more' : ''} records`}
          {completeness === 'partial' && !loading && ' so far'}
        </span>
        {state !== 'CONNECTED' && <span> · connecting</span>}
        {isEditable && (
          <button type="button" className="link" onClick={() => setEdited({ key: '', value: {} })}>
            New record
          </button>
        )}
      </p>
      <Table
        label={`Records of ${map}`}
        columns={columns}
        rows={data}
        keyOf={({ _key, _tag }) => `${_key}\0${_tag ?? ''}`}
        empty={loading ? 'Asking the server…' : 'No record matches, or none may be seen.'}
      />
      {edited !== undefined && (
        <RecordEditor
          key={edited.key}
          map={map}
          recordKey={edited.key}
          value={edited.value}
          onClose={() => setEdited(undefined)}
          onWrite={() => setRefusal(undefined)}
        />
      )}
    </>
  );
}
