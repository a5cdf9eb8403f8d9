import { formatNumber, formatShort } from '../state/formats.js';
import { countryName } from '../state/model.js';
import { type CountryTotal, useLargest } from '../state/useCountries.js';

/** The name of what is shown, and what its cities come to. */
export function Heading(props: { country: string; countries: readonly CountryTotal[] }) {
  const { country, countries } = props;
  const largest = useLargest(country);
  const shown = country === '' ? countries : countries.filter((total) => total.country === country);
  const cities = shown.reduce((sum, total) => sum + total.cities, 0);
  const people = shown.reduce((sum, total) => sum + total.people, 0);
  const facts: readonly (readonly [name: string, value: string])[] = [
    ['Cities', formatNumber(cities)],
    ['People', formatShort(people)],
    country === '' ? ['Countries', formatNumber(shown.length)] : ['Largest', largest ?? '–'],
  ];
  return (
    <div className="heading">
      <h1 data-testid="title">{country === '' ? 'Cities of the world' : countryName(country)}</h1>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd data-testid={`fact-${name.toLowerCase()}`}>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
