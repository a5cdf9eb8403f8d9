import { createQueries, createStore } from 'tinybase';
import type { QueryPeer } from './QueryPeer.js';
import { LIMIT } from './workload.js';

const CELLS = ['title', 'owner', 'priority', 'done', 'updatedAt'] as const;

export const tinybase: QueryPeer = {
  name: 'TinyBase Queries',
  async open(records, queries) {
    const store = createStore();
    store.setTable('records', Object.fromEntries(records.map(([key, record]) => [key, { ...record }])));
    const found = createQueries(store);
    const shown: (readonly string[])[] = [];
    queries.forEach(({ owner, sort, direction }, i) => {
      const id = `q${i}`;
      found.setQueryDefinition(id, 'records', ({ select, where }) => {
        for (const cell of CELLS) select(cell);
        where('done', false);
        where('owner', owner);
      });
      const isDescending = direction === 'desc';
      shown[i] = found.getResultSortedRowIds(id, sort, isDescending, 0, LIMIT);
      found.addResultSortedRowIdsListener(id, sort, isDescending, 0, LIMIT, (...args) => {
        shown[i] = args[6];
      });
    });
    return {
      write: (key, record) => void store.setRow('records', key, { ...record }),
      shown: (query) => shown[query] ?? [],
    };
  },
};
