import { useClient } from '@topgun/react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { type Cities, openCities, prepareSearch } from './openCities.js';
import type { View } from './view.js';

/** One page of what a view shows, rendered again when it changes. */
export function useCities(view: View, page: number): Cities {
  const client = useClient();
  const cities = useMemo(() => openCities(client, view, page), [client, view, page]);
  useEffect(() => prepareSearch(client), [client]);
  return useSyncExternalStore(cities.subscribe, cities.getSnapshot);
}
