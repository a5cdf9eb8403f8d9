import { QUERY_CHANGE, type QuerySubMessage } from '@topgun/protocol';
import { expect } from 'vitest';
import type { Policy } from '../../security/PermissionPolicy.js';
import type { TestDevice } from './TestDevice.js';

/** Rows below a rank may be read. */
export const LOW: Policy = {
  role: 'user',
  map: 'm',
  actions: ['READ'],
  where: { op: 'lt', path: 'rank', value: 8 },
};
export const WRITE: Policy = { role: 'user', map: 'm', actions: ['PUT', 'REMOVE'] };

/** Opens a query on the map `m`. */
export function ask(device: TestDevice, query: string, spec: Partial<QuerySubMessage> = {}): void {
  device.send({ type: 'QUERY_SUB', query, map: 'm', ...spec });
}

/** What a client holds that follows one query, with its checks. */
export function held(device: TestDevice, query: string): Map<string, unknown> {
  const rows = new Map<string, unknown>();
  for (const answer of device.all('QUERY_RESP').filter((message) => message.query === query)) {
    for (const [, , row] of answer.rows) rows.set(row[1], row[5]);
  }
  let v = 0;
  for (const update of device.all('QUERY_UPDATE').filter((message) => message.query === query)) {
    expect(update.v).toBe(++v);
    for (const [kind, , , row] of update.changes) {
      expect(rows.has(row[1])).toBe(kind !== QUERY_CHANGE.ENTER);
      if (kind === QUERY_CHANGE.LEAVE) rows.delete(row[1]);
      else rows.set(row[1], row[5]);
    }
  }
  return rows;
}
