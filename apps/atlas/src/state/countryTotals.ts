import type { City } from './model.js';

/** What the cities of one country come to. */
export type CountryTotal = {
  readonly country: string;
  readonly cities: number;
  readonly people: number;
  /** The city with the most people. */
  readonly largest: string;
};

/** The totals of every country, the one with the most people first. */
export function countryTotals(cities: Iterable<City>): readonly CountryTotal[] {
  const sums = new Map<string, { cities: number; people: number; largest: City }>();
  for (const city of cities) {
    const sum = sums.get(city.country);
    if (sum === undefined) sums.set(city.country, { cities: 1, people: city.population, largest: city });
    else {
      sum.cities += 1;
      sum.people += city.population;
      if (city.population > sum.largest.population) sum.largest = city;
    }
  }
  return [...sums]
    .map(([country, { cities, people, largest }]) => ({ country, cities, people, largest: largest.name }))
    .sort((a, b) => b.people - a.people || (a.country < b.country ? -1 : 1));
}
