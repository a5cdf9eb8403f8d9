import { memo, useEffect, useMemo, useState } from 'react';
import { countryName } from '../state/model.js';
import type { CountryTotal } from '../state/useCountries.js';
import { toPeople, type View } from '../state/view.js';

const ranges = [
  { name: 'Any size', min: undefined, max: undefined },
  { name: 'Over 1 million', min: 1_000_000, max: undefined },
  { name: '100k – 1m', min: 100_000, max: 999_999 },
  { name: '10k – 100k', min: 10_000, max: 99_999 },
  { name: 'Under 10k', min: undefined, max: 9_999 },
] as const;

/** Which cities: of which country, and of how many people. */
export const FilterBar = memo(function FilterBar(props: {
  view: View;
  countries: readonly CountryTotal[];
  onChange: (change: Partial<View>) => void;
}) {
  const { view, onChange, countries } = props;
  const options = useMemo(
    () =>
      countries
        .map(({ country }) => ({ country, name: countryName(country) }))
        .sort((a, b) => a.name.localeCompare(b.name, 'en'))
        .map(({ country, name }) => (
          <option key={country} value={country}>
            {name}
          </option>
        )),
    [countries],
  );
  return (
    <div className="filters">
      <label className="select country-select">
        <span className="sr-only">Country</span>
        <select
          data-testid="country"
          value={view.country}
          onChange={(event) => onChange({ country: event.target.value })}
        >
          <option value="">All countries</option>
          {options}
        </select>
      </label>
      <fieldset className="segments" data-testid="sizes">
        <legend className="sr-only">Size</legend>
        {ranges.map(({ name, min, max }) => (
          <label key={name}>
            <input
              type="radio"
              name="size"
              checked={view.min === min && view.max === max}
              onChange={() => onChange({ min, max })}
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <span className="bounds">
        <BoundField name="min" label="People from" value={view.min} onChange={(min) => onChange({ min })} />
        <span aria-hidden="true">–</span>
        <BoundField name="max" label="People to" value={view.max} onChange={(max) => onChange({ max })} />
      </span>
    </div>
  );
});

/** A number of people, taken as soon as it is one; other text stays until the reader mends or leaves it. */
function BoundField(props: {
  name: 'min' | 'max';
  label: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}) {
  const shown = props.value === undefined ? '' : String(props.value);
  const [text, setText] = useState(shown);
  // A bound that was set elsewhere shows here; one that means the same stays as it was typed.
  useEffect(() => setText((typed) => (toPeople(typed) === toPeople(shown) ? typed : shown)), [shown]);
  return (
    <input
      type="text"
      inputMode="numeric"
      className="bound"
      data-testid={props.name}
      aria-label={props.label}
      aria-invalid={text.trim() !== '' && toPeople(text) === undefined}
      placeholder={props.name}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        const people = toPeople(event.target.value);
        if (people !== undefined || event.target.value.trim() === '') props.onChange(people);
      }}
      onBlur={() => setText(shown)}
    />
  );
}
