import { ServerResponse } from 'node:http';
import { OpResults } from '@topgun/server/internal/doors/records/opResults';
import { EngineHost } from '@topgun/server/internal/EngineHost';
import type { Connection } from '@topgun/server/internal/engine/Connection';
import { QueryInspector } from '@topgun/server/internal/engine/indexes/QueryInspector';
import { MapReader } from '@topgun/server/internal/engine/MapReader';
import { Queries } from '@topgun/server/internal/engine/Queries';
import { isPeer } from '@topgun/server/internal/RequestPeers';
import type { KnownData } from '@topgun/sim/internal/oracle/KnownData';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import { doorsPlants } from '../doors/doorPlants.js';
import { unmaskedIn } from '../plants/unmasked.js';

/** A leak in the doors of the server; `outlet` is the beginning of what the oracle must call it. */
export interface DoorPlant {
  readonly outlet: string;
  readonly name: string;
  readonly plant: (data: KnownData) => () => void;
}

/** Those of the cases at the doors that everybody meets who holds a stream open. */
const LIVE = [
  'messages at /ws are not masked',
  'messages on event streams are not masked',
  'a hearer gets what lies in the mailboxes of others',
];

export const doorPlants: readonly DoorPlant[] = [
  ...doorsPlants.filter(({ name }) => LIVE.includes(name)),
  {
    outlet: 'GET /api/export',
    name: 'exported rows are not masked',
    // It looks at nothing of the node of cases.
    plant: () => unmaskedIn(MapReader, 'page')(undefined as never),
  },
  {
    outlet: 'GET /api/records',
    name: 'records of requests are not masked',
    plant: () => unmaskedIn(MapReader, 'rowsOf')(undefined as never),
  },
  {
    outlet: 'POST /api/query',
    name: 'a page of a query is not masked',
    plant: () =>
      unmaskedIn(Queries, 'subscribe', ([conn]) => isPeer((conn as Connection).id))(undefined as never),
  },
  {
    outlet: '/api/records',
    name: 'the answer to a refused write tells what stands',
    plant: (data) =>
      replaceMethod(
        OpResults,
        'take',
        (take) =>
          function (this: OpResults, message) {
            const results = take.call(this, message);
            const stands = [...data.rows('users/bob/box')].map(({ value }) => JSON.stringify(value));
            return results?.map((result) =>
              result.outcome === 'rejected' ? { ...result, reason: stands.join() } : result,
            );
          },
      ),
  },
  {
    outlet: 'GET /api/explain',
    name: 'an explanation shows the rows that it found',
    plant: (data) =>
      replaceMethod(
        QueryInspector,
        'explain',
        (explain) =>
          function (this: QueryInspector, principal, map, ...rest) {
            const inspected = explain.call(this, { ...principal, roles: ['root'] }, map, ...rest);
            return { ...inspected, rows: [...data.rows(map)].map(({ value }) => value) };
          },
      ),
  },
  {
    outlet: 'GET /api/status',
    name: 'an index is named by a value',
    plant: (data) =>
      replaceMethod(
        QueryInspector,
        'indexes',
        (indexes) =>
          function (this: QueryInspector, map) {
            const { advice } = indexes.call(this, map);
            const named = [...data.rows(map)].map(({ value }) => JSON.stringify(value));
            return { advice, indexes: named.map((name) => ({ name, rows: 0, isComplete: true })) as never };
          },
      ),
  },
  {
    outlet: 'the log',
    name: 'the log names a key',
    plant: (data) =>
      replaceMethod(
        EngineHost,
        'closed',
        (closed) =>
          function (this: EngineHost, conn, hasLeft) {
            const key = [...data.rows('notes')][0]?.key ?? '';
            this.resolverFailed({
              map: 'notes',
              resolver: key,
              faults: 1,
              error: new Error('planted'),
            } as never);
            closed.call(this, conn, hasLeft);
          },
      ),
  },
];

/** Every answer of every route names a key in a header. */
export const inEveryHeader = (data: KnownData): (() => void) =>
  replaceMethod(
    ServerResponse,
    'writeHead',
    (writeHead) =>
      function (this: ServerResponse, ...args: Parameters<ServerResponse['writeHead']>) {
        this.setHeader('X-Found', [...data.rows('users/bob/box')][0]?.key ?? '');
        return writeHead.apply(this, args);
      },
  );
