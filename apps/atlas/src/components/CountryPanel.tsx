import { memo, useMemo, useState } from 'react';
import { formatNumber, formatShort } from '../state/formats.js';
import { useIsIndexedByCountry } from '../state/indexes.js';
import { countryName } from '../state/model.js';
import { type CountryTotal, useLargest } from '../state/useCountries.js';

const orders = { people: 'People', cities: 'Cities', name: 'Name' } as const;
type Order = keyof typeof orders;

/** Every country with its number of cities, its people and its largest city; a click shows it alone. */
export const CountryPanel = memo(function CountryPanel(props: {
  countries: readonly CountryTotal[];
  current: string;
  onSelect: (country: string) => void;
}) {
  const { countries, current, onSelect } = props;
  const [order, setOrder] = useState<Order>('people');
  const sorted = useMemo(() => arrange(countries, order), [countries, order]);
  // Before, each of these queries would look at all cities.
  const isIndexed = useIsIndexedByCountry();
  const most = Math.max(1, ...countries.map(({ people }) => people));
  return (
    <nav className="countries" aria-label="Countries" data-testid="countries">
      <div className="countries-head">
        <h2>Countries</h2>
        <label className="select small">
          <span className="sr-only">Sort countries by</span>
          <select value={order} onChange={(event) => setOrder(event.target.value as Order)}>
            {Object.entries(orders).map(([id, title]) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ul>
        {sorted.map((total) => (
          <li key={total.country}>
            <button
              type="button"
              className="country"
              data-testid="country-total"
              data-country={total.country}
              aria-current={total.country === current ? 'page' : undefined}
              onClick={() => onSelect(total.country === current ? '' : total.country)}
            >
              <span className="country-name">{countryName(total.country)}</span>
              <span className="country-people">{formatShort(total.people)}</span>
              <span className="country-facts">
                {formatNumber(total.cities)}
                {isIndexed && <Largest country={total.country} />}
              </span>
              <span className="country-bar" style={{ inlineSize: `${(100 * total.people) / most}%` }} />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
});

function Largest({ country }: { country: string }) {
  const name = useLargest(country);
  return name !== undefined && <> · {name}</>;
}

function arrange(countries: readonly CountryTotal[], order: Order): readonly CountryTotal[] {
  if (order === 'name')
    return [...countries].sort((a, b) => countryName(a.country).localeCompare(countryName(b.country), 'en'));
  return [...countries].sort((a, b) => b[order] - a[order]);
}
