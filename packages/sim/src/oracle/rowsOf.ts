import { rowKey } from '@topgun/core';
import {
  type BulkRow,
  type BulkTables,
  type ChangeRow,
  FORM_COUNT,
  type ServerMessage,
} from '@topgun/protocol';
import type { Viewer } from './Viewer.js';

/** A row as a message shows it. */
export interface ShownRow {
  /** undefined: the message does not say, and neither does what was asked for */
  readonly map: string | undefined;
  readonly key: string;
  readonly item: string;
  readonly isPresent: boolean;
  readonly value: unknown;
}

/** All rows in a message, present and gone. */
export function rowsOf(message: ServerMessage, viewer: Viewer): ShownRow[] {
  switch (message.type) {
    case 'QUERY_RESP':
      return message.rows.map(([, , row]) => plain(viewer.queries.get(message.query)?.map, row));
    case 'QUERY_UPDATE':
      return message.changes.map(([, , , row]) => plain(viewer.queries.get(message.query)?.map, row));
    case 'SERVER_EVENT':
      return message.parts.flatMap((part) => part[5].map((row) => plain(message.map, row)));
    case 'MERKLE_RESP':
      return message.parts.flatMap((part) =>
        part[2] === 2 ? part[3].map((row) => bulk(message.map, row, message)) : [],
      );
    case 'SYNC_DELTA':
    case 'ROWS_RESP':
      return message.rows.map((row) => bulk(message.map, row, message));
    case 'OP_ACK':
      return (message.ex ?? []).flatMap(([seq, , row]) =>
        row === null ? [] : [plain(viewer.ops.get(`${message.session}:${seq}`)?.writes[0]?.map, row)],
      );
    default:
      return [];
  }
}

function plain(map: string | undefined, [form, key, , , , value, , tag]: ChangeRow): ShownRow {
  const item = typeof tag === 'string' ? rowKey(key, tag) : key;
  // Odd forms are gone.
  return { map, key, item, isPresent: form % 2 === 0, value };
}

function bulk(
  map: string,
  [form, key, n, , node, value, ttlMs, tag]: BulkRow,
  { shapes }: BulkTables,
): ShownRow {
  const shape = shapes[Math.floor(form / FORM_COUNT) - 1];
  const fields = value as readonly unknown[];
  const whole = shape === undefined ? value : Object.fromEntries(shape.map((name, i) => [name, fields[i]]));
  return plain(map, [
    (form % FORM_COUNT) as ChangeRow[0],
    key,
    n,
    0,
    node,
    whole,
    ttlMs ?? null,
    tag ?? null,
  ]);
}
