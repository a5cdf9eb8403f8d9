import { count, max, sum } from '@topgun/client/aggregates';
import { useAggregate, useQuery } from '@topgun/react';
import { useMemo } from 'react';
import { CITIES_MAP, type City } from './model.js';

/** What the cities of one country come to. */
export type CountryTotal = { readonly country: string; readonly cities: number; readonly people: number };

const perCountry = {
  groupBy: 'country',
  select: { cities: count(), people: sum('population'), most: max('population') },
  sort: { people: 'desc' },
} as const;

/** The totals of all countries, the one with the most people first; kept up to date write by write. */
export function useCountries(): readonly CountryTotal[] {
  const { groups } = useAggregate(CITIES_MAP, perCountry);
  return useMemo(
    () =>
      groups.map(({ country, cities, people }) => ({
        // Not everything that somebody writes into the map has to be a city.
        country: String(country),
        cities,
        people: Number(people),
      })),
    [groups],
  );
}

/** The name of the city of a country with the most people. One query per country stands open: a write costs those it concerns. */
export function useLargest(country: string): string | undefined {
  const { data } = useQuery<City>(CITIES_MAP, {
    predicate: { op: 'eq', path: 'country', value: country },
    sort: [['population', 'desc']],
    limit: 1,
  });
  return data[0]?.name;
}
