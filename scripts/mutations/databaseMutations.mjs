const MIGRATION = 'packages/server/src/storage/postgres/migrations/first.ts';
const STORE = 'packages/server/src/storage/postgres/PostgresStore.ts';
const STORE_TEST = 'packages/server/src/storage/postgres/PostgresStore.test.ts';

/** Mistakes of the store over PostgreSQL; see `mutations.mjs`. */
export const databaseMutations = [
  {
    id: 'O1',
    name: 'the fence is read without a lock',
    file: MIGRATION,
    find: 'f.number = in_number for share;',
    replace: 'f.number = in_number;',
    test: STORE_TEST,
    title: 'taking over waits for a flush that runs, which is seen by whoever takes over',
  },
  {
    id: 'O1',
    name: 'any number passes the fence',
    file: MIGRATION,
    find: 'f.name = in_fence and f.number = in_number for share;',
    replace: 'f.name = in_fence for share;',
    test: STORE_TEST,
    title: 'a server whose place another has taken writes nothing any more, and has stopped for good',
  },
  {
    id: 'O2',
    name: 'the last to arrive wins in PostgreSQL',
    file: MIGRATION,
    find: '> (r.kind, r.first, r.t,',
    replace: '<> (r.kind, r.first, r.t,',
    test: STORE_TEST,
    title: 'merges in the database as every store merges, whatever the kinds, ties and purges',
  },
  {
    id: 'D6',
    name: 'a flush of which nothing was heard is taken for over',
    file: STORE,
    find: "if (judged.result === 'unknown') this.#isUnsettled = true;",
    replace: '',
    test: 'packages/server/src/storage/postgres/databaseFaults.test.ts',
    title: 'a flush that goes on after its connection was cut is over before anything is read or written',
  },
];
