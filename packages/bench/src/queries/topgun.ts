import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { declareIndex, indexProgress } from '@topgun/client/indexes';
import type { QueryPeer } from './QueryPeer.js';
import { LIMIT, type QueryRecord } from './workload.js';

/** A client without server, its log in memory: every write goes through clock, log, store, an index of owners, and listeners. */
export const topgun: QueryPeer = {
  name: 'TopGun',
  async open(records, queries) {
    const client = new TopGunClient({ storage: new MemoryAdapter() });
    const map = client.getMap<QueryRecord>('records');
    for (const [key, record] of records) map.set(key, record);
    await client.flush();
    declareIndex(client, 'records', { kind: 'hash', path: 'owner' });
    while (!indexProgress(client, 'records').isComplete)
      await new Promise((resolve) => setTimeout(resolve, 1));
    const shown: (readonly { readonly _key: string }[])[] = [];
    queries.forEach(({ owner, sort, direction }, i) => {
      client
        .query<QueryRecord>('records', {
          where: { done: false, owner },
          sort: { [sort]: direction },
          limit: LIMIT,
        })
        .subscribe((rows) => {
          shown[i] = rows;
        });
    });
    return {
      write: (key, record) => void map.set(key, record),
      shown: (query) => shown[query]?.map(({ _key }) => _key) ?? [],
    };
  },
};
