import type { QueryFilter } from '@topgun/core';
import { AppEvents } from '../../AppEvents.js';
import { setContext } from '../../clientContext.js';
import type { FakeRealm } from '../../engine/testing/FakeWorld.js';
import type { HandleContext } from '../../handles/HandleContext.js';
import { LiveQueries } from '../../query/LiveQueries.js';
import { QueryHandle } from '../../query/QueryHandle.js';
import type { TopGunClient } from '../../TopGunClient.js';
import { silentLogger } from '../../utils/logger.js';
import { Timers } from '../../utils/Timers.js';

/** Stands for the client around the engine of a realm, as far as searches need one. */
export function clientOn(realm: FakeRealm): TopGunClient {
  const timers = new Timers();
  const events = new AppEvents(silentLogger, () => 0);
  const queries = new LiveQueries(realm.engine, timers, silentLogger);
  const query = (map: string, filter: QueryFilter) => new QueryHandle(map, filter, queries);
  const client = { query } as unknown as TopGunClient;
  const context = { engine: realm.engine, events, timers, logger: silentLogger };
  setContext(client, context as unknown as HandleContext);
  const { onEvent } = realm;
  realm.onEvent = (event) => {
    if (event.type === 'changes') events.mapsChanged(event);
    if (event.type === 'whole') events.of(`whole ${event.map}`).emit(undefined);
    if (event.type === 'query') queries.changed(event.id);
    if (event.type === 'ready') {
      queries.storeRead();
      events.of('ready').emit(undefined);
    }
    onEvent(event);
  };
  return client;
}
