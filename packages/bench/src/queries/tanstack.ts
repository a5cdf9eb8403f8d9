import {
  and,
  BTreeIndex,
  createCollection,
  createLiveQueryCollection,
  eq,
  localOnlyCollectionOptions,
} from '@tanstack/db';
import type { QueryPeer } from './QueryPeer.js';
import { LIMIT, type QueryRecord } from './workload.js';

interface Row extends QueryRecord {
  readonly id: string;
}

/** With the indexes that it makes for its queries by itself. */
export const tanstack: QueryPeer = {
  name: '@tanstack/db live queries',
  async open(records, queries) {
    const source = createCollection(
      localOnlyCollectionOptions<Row, string>({
        id: 'records',
        getKey: ({ id }) => id,
        initialData: records.map(([id, record]) => ({ id, ...record })),
        autoIndex: 'eager',
        defaultIndexType: BTreeIndex,
      }),
    );
    const shown: (readonly Row[])[] = [];
    for (const [i, { owner, sort, direction }] of queries.entries()) {
      const live = createLiveQueryCollection({
        id: `q${i}`,
        query: (q) =>
          q
            .from({ row: source })
            .where(({ row }) => and(eq(row.done, false), eq(row.owner, owner)))
            .orderBy(({ row }) => row[sort], direction)
            .limit(LIMIT),
        startSync: true,
      });
      await live.preload();
      shown[i] = live.toArray as unknown as readonly Row[];
      live.subscribeChanges(() => {
        shown[i] = live.toArray as unknown as readonly Row[];
      });
    }
    return {
      write(key, record) {
        source.update(key, (draft) => void Object.assign(draft, record));
      },
      shown: (query) => shown[query]?.map(({ id }) => id) ?? [],
    };
  },
};
