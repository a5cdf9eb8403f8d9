import { AppEvents } from '../../AppEvents.js';
import { setContext } from '../../clientContext.js';
import type { FakeRealm } from '../../engine/testing/FakeWorld.js';
import type { HandleContext } from '../../handles/HandleContext.js';
import type { TopGunClient } from '../../TopGunClient.js';
import { silentLogger } from '../../utils/logger.js';
import { Timers } from '../../utils/Timers.js';

/** Stands for the client around the engine of a realm, as far as searches need one. */
export function clientOn(realm: FakeRealm): TopGunClient {
  const client = {} as TopGunClient;
  const events = new AppEvents(silentLogger, () => 0);
  const context = { engine: realm.engine, events, timers: new Timers(), logger: silentLogger };
  setContext(client, context as unknown as HandleContext);
  const { onEvent } = realm;
  realm.onEvent = (event) => {
    if (event.type === 'changes') events.mapsChanged(event);
    if (event.type === 'whole') events.of(`whole ${event.map}`).emit(undefined);
    if (event.type === 'ready') events.of('ready').emit(undefined);
    onEvent(event);
  };
  return client;
}
