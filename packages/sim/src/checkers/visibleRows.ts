import { compilePredicate, type PredicateNode } from '@topgun/core';
import { FORM_COUNT, type ServerMessage } from '@topgun/protocol';
import type { World } from '../World.js';
import { MAPS } from '../workload/maps.js';
import { LOW_RANKS_ONLY } from '../world/policies.js';
import type { Checker } from './Checker.js';

/**
 * RES-4 and PERM-2: whatever an answer or a delta shows of a present row may be read, and belongs to the query it is about. Where ranks
 * are hidden, no value of a hidden rank is sent.
 */
export const visibleRows: Checker = {
  watch(world) {
    /** By link and query: what it asks for. */
    const asked = new Map<string, PredicateNode | undefined>();
    return {
      received(message, _, link) {
        if (message.type === 'QUERY_SUB') asked.set(`${link} ${message.query}`, message.where);
      },
      sending(message, _, link) {
        const about = 'query' in message && message.query !== undefined ? message.query : undefined;
        const where = about === undefined ? undefined : asked.get(`${link} ${about}`);
        for (const value of valuesIn(message)) {
          if (where !== undefined && !compilePredicate(where)(value))
            world.fail(
              `RES-4: ${JSON.stringify(value)} was sent to query ${about}, which does not ask for it`,
            );
          if ('map' in message && message.map === MAPS.todos && isHidden(world, value))
            world.fail(`PERM-2: ${JSON.stringify(value)} was sent where its rank is hidden`);
        }
      },
    };
  },
};

const isHidden = (world: World, value: unknown): boolean =>
  world.policiesOfSender() === LOW_RANKS_ONLY && !((value as { readonly rank: number }).rank < 5);

/** Values of the present rows of a message. Of a query only those that are said to be in it. */
function valuesIn(message: ServerMessage): unknown[] {
  switch (message.type) {
    case 'QUERY_RESP':
      return message.rows.map(([, , row]) => row[5]);
    case 'QUERY_UPDATE':
      return message.changes.flatMap(([change, , , row]) => (change === 2 ? [] : [row[5]]));
    case 'SERVER_EVENT':
      return message.parts.flatMap((part) => part[5].flatMap((row) => (row[0] === 0 ? [row[5]] : [])));
    case 'MERKLE_RESP':
      return message.parts.flatMap((part) => (part[2] === 2 ? bulkValues(part[3], message.shapes) : []));
    case 'SYNC_DELTA':
    case 'ROWS_RESP':
      return bulkValues(message.rows, message.shapes);
    default:
  }
  return [];
}

type Bulk = Extract<ServerMessage, { type: 'ROWS_RESP' }>;

function bulkValues(rows: Bulk['rows'], shapes: Bulk['shapes']): unknown[] {
  return rows.flatMap(([form, , , , , value]) => {
    if (form % FORM_COUNT !== 0) return [];
    const shape = shapes[Math.floor(form / FORM_COUNT) - 1];
    const fields = value as readonly unknown[];
    return [shape === undefined ? value : Object.fromEntries(shape.map((name, i) => [name, fields[i]]))];
  });
}
