import type { OpRow, QuerySubMessage } from '@topgun/protocol';
import { type BenchRecord, benchRecord } from '../records.js';

/** Clients, and as many owners of records. */
export const CLIENTS = 1_000;
export const QUERIES_PER_CLIENT = 10;
export const SUBSCRIPTIONS = CLIENTS * QUERIES_PER_CLIENT;
/** Records of one owner; every query of an owner matches all of them. */
export const RECORDS_PER_OWNER = 20;
/** Rows of the queries with a limit: a write moves one row in and one out. */
export const LIMIT = 10;

/** Whether each of the 10,000 subscriptions asks something else, or ten of different clients ask the same. */
export type Sharing = 'distinct' | 'shared';

/** `version` is the number of the write: what queries sort by, and what finds the time at which it was sent. */
export interface VersionedRecord extends BenchRecord {
  readonly version: number;
}

/** Every owner has ten subscriptions, one as the k-th of some client for each k. */
export const ownerOf = (client: number, k: number): number => (client + k * 100) % CLIENTS;

export const isLimited = (k: number, sharing: Sharing): boolean => sharing === 'shared' || k % 2 === 0;

/** The k-th subscription of a client: an equality, a range that always holds, and for half of them an order and a limit. */
export function subscriptionOf(client: number, k: number, sharing: Sharing): QuerySubMessage {
  const floor = -1_000_000 - (sharing === 'shared' ? 0 : k);
  return {
    type: 'QUERY_SUB',
    query: `query-${k}`,
    map: 'bench',
    where: {
      op: 'and',
      children: [
        { op: 'eq', path: 'owner', value: `user-${ownerOf(client, k)}` },
        { op: 'gt', path: 'version', value: floor },
      ],
    },
    ...(isLimited(k, sharing) && { sort: [['version', 'desc']], limit: LIMIT }),
  };
}

/** Who is written to by write `w`, and which of his records: the one that was not written for the longest time. */
export const targetOf = (w: number): { owner: number; record: number } => ({
  owner: (w * 7919) % CLIENTS,
  record: Math.floor(w / CLIENTS) % RECORDS_PER_OWNER,
});

export const keyOf = (owner: number, record: number): string => `user-${owner}/${record}`;

/** The op of a write; initial records have versions below 0. */
export function opOf(owner: number, record: number, version: number, seq: number): OpRow {
  const value: VersionedRecord = { ...benchRecord(version), owner: `user-${owner}`, version };
  return [seq, 0, 0, keyOf(owner, record), Date.now() * 2048 + (seq % 2048), null, value];
}
