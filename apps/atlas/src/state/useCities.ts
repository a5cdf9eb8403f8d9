import { useClient } from '@topgun/react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { type Cities, type CitySource, openCities, prepareSearch } from './openCities.js';
import type { View } from './view.js';

/** What a view shows, rendered again when it changes; another view begins at its first page. */
export function useCities(view: View): Cities & Pick<CitySource, 'turn'> {
  const client = useClient();
  const cities = useMemo(() => openCities(client, view), [client, view]);
  useEffect(() => prepareSearch(client), [client]);
  return { ...useSyncExternalStore(cities.subscribe, cities.getSnapshot), turn: cities.turn };
}
