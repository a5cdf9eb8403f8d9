import { QueryFeed } from '@topgun/client/internal/engine/QueryFeed';
import { QUERY_CHANGE } from '@topgun/protocol';
import { Queries } from '@topgun/server/internal/engine/Queries';
import { Scopes } from '@topgun/server/internal/engine/Scopes';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** How devices follow the server. */
export const sync: readonly PlantedBug[] = [
  {
    name: 'departure from a query missed',
    plant: () =>
      replaceMethod(
        QueryFeed,
        'message',
        (take) =>
          function (this: QueryFeed, message: Parameters<QueryFeed['message']>[0]) {
            if (message.type !== 'QUERY_UPDATE') return take.call(this, message);
            const changes = message.changes.filter(([change]) => change !== QUERY_CHANGE.LEAVE);
            take.call(this, { ...message, changes });
          },
      ),
  },
  {
    name: 'maps not looked at again when rights change',
    plant: () => replaceMethod(Scopes, 'review', () => () => undefined),
  },
  {
    name: 'queries not looked at again when rights change',
    plant: () => replaceMethod(Queries, 'review', () => () => undefined),
  },
];
