import { createRxDatabase } from 'rxdb/plugins/core';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import type { QueryPeer } from './QueryPeer.js';
import { LIMIT, type QueryRecord } from './workload.js';

interface Row extends QueryRecord {
  readonly id: string;
}

const text = { type: 'string', maxLength: 60 } as const;
const number = { type: 'number', minimum: 0, maximum: 1e14, multipleOf: 1 } as const;

/** With EventReduce, and the index that answers its queries. */
export const rxdb: QueryPeer = {
  name: 'rxdb EventReduce',
  async open(records, queries) {
    const database = await createRxDatabase({
      name: 'bench',
      storage: getRxStorageMemory(),
      eventReduce: true,
      multiInstance: false,
    });
    const { rows } = await database.addCollections({
      rows: {
        schema: {
          version: 0,
          primaryKey: 'id',
          type: 'object',
          properties: {
            id: text,
            title: text,
            owner: text,
            priority: number,
            done: { type: 'boolean' },
            updatedAt: number,
          },
          required: ['id', 'title', 'owner', 'priority', 'done', 'updatedAt'],
          indexes: [['owner', 'done', 'updatedAt']],
        },
      },
    });
    if (rows === undefined) throw new Error('rxdb made no collection');
    await rows.bulkInsert(records.map(([id, record]) => ({ id, ...record })));
    const shown: (readonly Row[])[] = [];
    await Promise.all(
      queries.map(
        ({ owner, sort, direction }, i) =>
          new Promise<void>((resolve) => {
            rows
              .find({ selector: { owner, done: false }, sort: [{ [sort]: direction }], limit: LIMIT })
              .$.subscribe((documents: readonly Row[]) => {
                shown[i] = documents;
                resolve();
              });
          }),
      ),
    );
    return {
      async write(id, record) {
        await rows.upsert({ id, ...record });
      },
      shown: (query) => shown[query]?.map(({ id }) => id) ?? [],
    };
  },
};
