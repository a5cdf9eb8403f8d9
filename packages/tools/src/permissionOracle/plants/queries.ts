import { QUERY_CHANGE, type QueryChange, type QuerySubMessage } from '@topgun/protocol';
import { MapIndexes } from '@topgun/server/internal/engine/indexes/MapIndexes';
import { Queries } from '@topgun/server/internal/engine/Queries';
import { SharedQuery } from '@topgun/server/internal/engine/SharedQuery';
import { SyncServer } from '@topgun/server/internal/engine/SyncServer';
import { View } from '@topgun/server/internal/security/policy/View';
import { all } from '@topgun/sim/internal/teeth/PlantedBug';
import { replaceGetter, replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import type { Planted } from '../runCase.js';
import { amending } from './amend.js';
import type { Plant } from './Plant.js';
import { around, unmaskedIn } from './unmasked.js';

const asks =
  (isMeant: (message: QuerySubMessage) => boolean) =>
  (args: readonly unknown[]): boolean =>
    // `subscribe(conn, message)`
    isMeant(args[1] as QuerySubMessage);

const isPage = ({ after, before }: QuerySubMessage): boolean => (after ?? before) !== undefined;
const isWindow = (message: QuerySubMessage): boolean => message.limit !== undefined && !isPage(message);

/** What live queries and their walks show. */
export const queries: readonly Plant[] = [
  {
    outlet: 'query rows',
    name: 'the rows of a result are not masked',
    plant: unmaskedIn(
      Queries,
      'subscribe',
      asks((message) => !isPage(message) && !isWindow(message)),
    ),
  },
  {
    outlet: 'query window',
    name: 'the rows of a window are not masked',
    plant: unmaskedIn(Queries, 'subscribe', asks(isWindow)),
  },
  {
    outlet: 'query page',
    name: 'the rows of a page are not masked',
    plant: unmaskedIn(Queries, 'subscribe', asks(isPage)),
  },
  {
    outlet: 'query window',
    name: 'a query is filtered by what is hidden',
    plant: () => {
      let hidden: ((value: unknown) => unknown) | undefined;
      // Rows are found unmasked and masked only then.
      return all(
        // Nobody refuses the question.
        replaceMethod(View, 'shows', () => () => true),
        replaceMethod(
          MapIndexes,
          'find',
          (find) =>
            function (this: MapIndexes, spec, view) {
              hidden = (value) => (view.project(value) === undefined ? undefined : value);
              const { rows, explanation } = find.call(this, spec, {
                isWhole: false,
                project: hidden,
                shows: () => true,
              } as unknown as View);
              return { rows: rows.map(([item, value]) => [item, view.project(value)] as const), explanation };
            },
        ),
      );
    },
  },
  {
    outlet: 'query root',
    name: 'the root of a result is that of the map',
    plant: wholeQueryTreeIn(Queries, 'subscribe'),
  },
  {
    outlet: 'query walk',
    name: 'a walk over a result goes over the map',
    plant: wholeQueryTreeIn(SyncServer, 'merkle'),
  },
  {
    outlet: 'query rows by digest',
    name: 'rows of a result come unmasked by their digests',
    plant: unmaskedIn(SyncServer, 'rows', (args) => (args[1] as { query?: string }).query !== undefined),
  },
  { outlet: 'query enter', name: 'rows enter a result unmasked', plant: changing(QUERY_CHANGE.ENTER) },
  { outlet: 'query update', name: 'rows of a result change unmasked', plant: changing(QUERY_CHANGE.UPDATE) },
  { outlet: 'query leave', name: 'rows leave a result unmasked', plant: changing(QUERY_CHANGE.LEAVE) },
  {
    outlet: 'query update',
    name: 'queries outlive the rights they were opened with',
    plant: () => replaceMethod(Queries, 'review', () => () => undefined),
  },
];

/** A result has the digests of all rows while a method runs. */
function wholeQueryTreeIn(type: { readonly prototype: object }, method: string): Planted {
  return () => {
    let depth = 0;
    return all(
      replaceGetter(
        SharedQuery,
        'tree',
        (tree) =>
          function (this: SharedQuery) {
            return depth > 0 ? this.map.tree : tree.call(this);
          },
      ),
      around(type, method, (run) => {
        depth++;
        try {
          return run();
        } finally {
          depth--;
        }
      }),
    );
  };
}

/** Changes of one kind bring the row as it is stored. */
function changing(kind: QueryChange): Planted {
  return amending('QUERY_UPDATE', (message, _, conn, { data, peers }) => {
    const map = peers.get(conn)?.viewer.queries.get(message.query)?.map ?? '';
    const changes = message.changes.map((change): typeof change => {
      const [is, pid, epoch, row] = change;
      const [form, key, n, t, node, , ttlMs = null, tag = null, own = null] = row;
      const [stored] = data.inTurn(map, typeof tag === 'string' ? `${key}\0${tag}` : key);
      if (is !== kind || form !== 0 || stored?.value === undefined) return change;
      return [is, pid, epoch, [form, key, n, t, node, stored.value, ttlMs, tag, own]];
    });
    return { ...message, changes };
  });
}
