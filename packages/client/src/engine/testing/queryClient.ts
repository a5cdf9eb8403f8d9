import { setContext } from '../../clientContext.js';
import type { HandleContext } from '../../handles/HandleContext.js';
import { LiveQueries } from '../../query/LiveQueries.js';
import type { TopGunClient } from '../../TopGunClient.js';
import { silentLogger } from '../../utils/logger.js';
import type { Timers } from '../../utils/Timers.js';
import type { FakeRealm } from './FakeWorld.js';

/** The queries of a client around the engine of a realm, closed when the test says that they have been idle for long. */
export interface QueryClient {
  readonly client: TopGunClient;
  closeIdle(): void;
}

export function queryClientOn(realm: FakeRealm): QueryClient {
  const due = new Map<string, () => void>();
  const timers = {
    arm: (name: string, _: number, fire: () => void) => due.set(name, fire),
  } as unknown as Timers;
  const queries = new LiveQueries(realm.engine, timers, silentLogger);
  const { onEvent } = realm;
  realm.onEvent = (event) => {
    if (event.type === 'query') queries.changed(event.id);
    if (event.type === 'ready') queries.storeRead();
    onEvent(event);
  };
  // The realm may have read its store before there was anybody to tell.
  if (realm.eventsOf('ready').length > 0) queries.storeRead();
  const client = {} as TopGunClient;
  setContext(client, { engine: realm.engine, queries } as unknown as HandleContext);
  return {
    client,
    closeIdle: () => {
      const fires = [...due.values()];
      due.clear();
      for (const fire of fires) fire();
    },
  };
}
