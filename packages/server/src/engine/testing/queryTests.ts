import type { QuerySubMessage } from '@topgun/protocol';
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
