import { useClient } from '@topgun/react';
import { useCallback, useDeferredValue, useEffect, useRef, useState } from 'react';
import { type CityChange, CityEditor } from './components/CityEditor.js';
import { CityTable } from './components/CityTable.js';
import { CountryPanel } from './components/CountryPanel.js';
import { EmptyState } from './components/EmptyState.js';
import { FilterBar } from './components/FilterBar.js';
import { Heading } from './components/Heading.js';
import { HelpDialog } from './components/HelpDialog.js';
import { Icon } from './components/Icon.js';
import { Pager } from './components/Pager.js';
import { SearchField } from './components/SearchField.js';
import { SyncBadge } from './components/SyncBadge.js';
import { WorldMap } from './components/WorldMap.js';
import { CITIES_MAP, type City, type CityRow } from './state/model.js';
import { useCities } from './state/useCities.js';
import { useCountries } from './state/useCountries.js';
import { useShortcuts } from './state/useShortcuts.js';
import { useView } from './state/useView.js';
import { defaultView, sortBy } from './state/view.js';

/** The whole screen: countries with their totals, the cities of a view, and the state of sync. */
export function App() {
  const client = useClient();
  const [view, change] = useView();
  const [active, setActive] = useState<string>();
  const [edited, setEdited] = useState<CityRow>();
  const [helpOpen, setHelpOpen] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const searchRef = useRef<HTMLInputElement>(null);
  const bodyRef = useRef<HTMLTableSectionElement>(null);

  const countries = useCountries();
  const { rows, page, hasNext, hasPrevious, found, loading, progress, turn } = useCities(view);

  // The marks on the map follow the table.
  const marked = useDeferredValue(rows);

  useEffect(
    () =>
      client.onRejection(({ code }) =>
        setRefusal(`The server refused a change (${code}). It was taken back on this device.`),
      ),
    [client],
  );
  const selectCountry = useCallback((country: string) => change({ country }), [change]);
  const save = (key: string, { name, population }: CityChange) => {
    const cities = client.getMap<City>(CITIES_MAP);
    const city = cities.get(key);
    if (city === undefined || (name === undefined && population === undefined)) return;
    cities.set(key, { ...city, name: name ?? city.name, population: population ?? city.population });
  };
  const focusRows = () => bodyRef.current?.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus();
  useShortcuts({
    '/': () => searchRef.current?.select(),
    '?': () => setHelpOpen(true),
    '[': () => turn(-1),
    ']': () => turn(1),
    c: () => change({ country: '' }),
    ArrowDown: focusRows,
    ArrowUp: focusRows,
  });

  return (
    <div className="app">
      <header className="topbar">
        <span className="brand">
          <img src="./icon.svg" alt="" width="26" height="26" />
          Atlas
        </span>
        <SearchField
          value={view.find}
          inputRef={searchRef}
          onChange={(find) => change({ find })}
          onLeave={focusRows}
        />
        <SyncBadge />
        <button
          type="button"
          className="icon-button"
          aria-label="Keyboard help"
          aria-keyshortcuts="?"
          onClick={() => setHelpOpen(true)}
        >
          <Icon name="help" />
        </button>
      </header>
      <CountryPanel countries={countries} current={view.country} onSelect={selectCountry} />
      <main className="main">
        <div className="overview">
          <Heading country={view.country} countries={countries} />
          <WorldMap rows={marked} />
        </div>
        <FilterBar view={view} countries={countries} onChange={change} />
        {refusal !== undefined && (
          <p className="refusal" role="alert">
            {refusal}
            <button
              type="button"
              className="icon-button"
              aria-label="Dismiss"
              onClick={() => setRefusal(undefined)}
            >
              <Icon name="close" size={16} />
            </button>
          </p>
        )}
        {rows.length === 0 ? (
          <EmptyState
            loading={loading}
            progress={progress}
            hasCities={countries.length > 0}
            onShowAll={() => change({ ...defaultView, country: '' })}
          />
        ) : (
          <CityTable
            rows={rows}
            found={found}
            view={view}
            active={active}
            bodyRef={bodyRef}
            onSort={(column) => change(sortBy(view, column))}
            onActive={setActive}
            onEdit={setEdited}
            onPage={turn}
          />
        )}
        <Pager page={page} hasNext={hasNext} hasPrevious={hasPrevious} onPage={turn} />
      </main>
      {edited !== undefined && (
        <CityEditor key={edited._key} row={edited} onSave={save} onClose={() => setEdited(undefined)} />
      )}
      {helpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </div>
  );
}
