import { useClient } from '@topgun/react';
import { useEffect, useState } from 'react';
import { type CountryTotal, countryTotals } from './countryTotals.js';
import { CITIES_MAP, type City } from './model.js';

/** The least time between two sums over all cities: one takes some 20 ms. */
const PAUSE_MS = 300;

/** The totals of all countries, kept up to date; empty until the device's store is read. */
export function useCountries(): readonly CountryTotal[] {
  const client = useClient();
  const [totals, setTotals] = useState<readonly CountryTotal[]>([]);
  useEffect(() => {
    const map = client.getMap<City>(CITIES_MAP);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sum = () => {
      timer = undefined;
      setTotals(countryTotals(map.entries().map(([, city]) => city)));
    };
    const later = () => {
      timer ??= setTimeout(sum, PAUSE_MS);
    };
    const end = map.subscribe(later);
    later();
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [client]);
  return totals;
}
