import type { TopGunClient } from '@topgun/client';
import { declareIndex, type IndexSpec, indexes, onIndexProgress } from '@topgun/client/indexes';
import { useClient } from '@topgun/react';
import { useCallback, useSyncExternalStore } from 'react';
import { CITIES_MAP } from './model.js';
import type { Column } from './view.js';

/** Of each country the cities by people. */
const BY_COUNTRY = { kind: 'compound', paths: ['country', 'population'], name: 'by country' } as const;

/** Has the cities kept in the orders that most readers ask for. Until they are, queries look at all cities. */
export function declareIndexes(client: TopGunClient): void {
  declareOnceHere(client, BY_COUNTRY);
  for (const column of ['population', 'name'] as const) declareOrder(client, column);
}

/** Has the cities kept in the order of one column, from the first time that somebody asks for it. */
export function declareOrder(client: TopGunClient, column: Column): void {
  declareOnceHere(client, { kind: 'ordered', path: column });
}

/** Whether all indexes declared so far are built. */
export function isIndexed(client: TopGunClient): boolean {
  const declared = indexes(client, CITIES_MAP);
  return declared.length > 0 && declared.every(({ isComplete }) => isComplete);
}

/** Whether the cities of each country are found by an index, rendered again when they are. */
export function useIsIndexedByCountry(): boolean {
  const client = useClient();
  const subscribe = useCallback(
    (changed: () => void) => onIndexProgress(client, CITIES_MAP, changed),
    [client],
  );
  return useSyncExternalStore(subscribe, () =>
    indexes(client, CITIES_MAP).some(({ name, isComplete }) => name === BY_COUNTRY.name && isComplete),
  );
}

const here = new WeakMap<TopGunClient, Promise<void>>();

/** When the cities are here: an index that is built from all of them costs less than one that takes them in one by one. */
function declareOnceHere(client: TopGunClient, spec: IndexSpec): void {
  const whenHere = here.get(client) ?? untilHere(client);
  here.set(client, whenHere);
  // Without an index everything goes on, and a client that was closed meanwhile needs none.
  whenHere.then(() => declareIndex(client, CITIES_MAP, spec)).catch(() => undefined);
}

async function untilHere(client: TopGunClient): Promise<void> {
  await client.whenReady();
  if (client.getMap(CITIES_MAP).size === 0) await client.whenSynced();
}
