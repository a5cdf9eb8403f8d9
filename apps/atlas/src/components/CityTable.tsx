import { type KeyboardEvent, memo, type RefObject, useDeferredValue, useMemo } from 'react';
import { formatDegrees, formatNumber } from '../state/formats.js';
import { type CityRow, countryName, kindName } from '../state/model.js';
import type { Ranges } from '../state/openCities.js';
import { type Column, columns, hasOwnOrder, type View } from '../state/view.js';
import { Icon } from './Icon.js';
import { Marked } from './Marked.js';

/** Rows that change with the key that is typed; most windows show fewer. Those below them follow a frame later. */
const AT_ONCE = 20;

type Lines = { readonly rows: readonly CityRow[]; readonly found: ReadonlyMap<string, Ranges> };

/** The first lines of a page, and behind them what stood there before until React has time for the rest. */
function useLines(rows: Lines['rows'], found: Lines['found']): Lines {
  const page = useMemo(() => ({ rows, found }), [rows, found]);
  const last = useDeferredValue(page);
  return useMemo(() => {
    if (last === page || page.rows.length <= AT_ONCE) return page;
    const first = page.rows.slice(0, AT_ONCE);
    const keys = new Set(first.map(({ _key }) => _key));
    const rest = last.rows.slice(AT_ONCE).filter(({ _key }) => !keys.has(_key));
    return { rows: [...first, ...rest], found: new Map([...last.found, ...page.found]) };
  }, [page, last]);
}

/**
 * The cities of one page. The table is one tab stop: the arrows move between its rows, Enter edits, and so does a click
 * or a tap.
 */
export function CityTable(props: {
  rows: readonly CityRow[];
  found: ReadonlyMap<string, Ranges>;
  view: View;
  active: string | undefined;
  bodyRef: RefObject<HTMLTableSectionElement | null>;
  onSort: (column: Column) => void;
  onActive: (key: string) => void;
  onEdit: (row: CityRow) => void;
  onPage: (by: 1 | -1) => void;
}) {
  const { view } = props;
  const { rows, found } = useLines(props.rows, props.found);
  // A search without an order of the reader's own is by fit and size together.
  const sorted = view.find.trim() === '' || hasOwnOrder(view) ? view.sort : undefined;
  const at = Math.max(
    0,
    rows.findIndex((row) => row._key === props.active),
  );
  const focus = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    props.onActive(row._key);
    props.bodyRef.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row._key)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const row = rows[at];
    const commands: Readonly<Record<string, () => void>> = {
      ArrowDown: () => focus(at + 1),
      ArrowUp: () => focus(at - 1),
      Home: () => focus(0),
      End: () => focus(rows.length - 1),
      PageDown: () => props.onPage(1),
      PageUp: () => props.onPage(-1),
      Enter: () => row && props.onEdit(row),
      e: () => row && props.onEdit(row),
    };
    const command = commands[event.key];
    if (command === undefined) return;
    event.preventDefault();
    command();
  };
  return (
    <table className="cities" data-testid="cities">
      <thead>
        <tr>
          {columns.map(({ id, title }) => (
            <th
              key={id}
              scope="col"
              data-column={id}
              aria-sort={sorted !== id ? 'none' : view.descending ? 'descending' : 'ascending'}
            >
              <button type="button" data-testid={`sort-${id}`} onClick={() => props.onSort(id)}>
                {title}
                {sorted === id && <Icon name={view.descending ? 'down' : 'up'} size={14} />}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      {/* Keys typed on any row arrive here by bubbling. */}
      <tbody ref={props.bodyRef} onKeyDown={onKeyDown}>
        {rows.map((row, index) => (
          <CityLine
            key={row._key}
            row={row}
            found={found.get(row._key)}
            isActive={index === at}
            onActive={props.onActive}
            onEdit={props.onEdit}
          />
        ))}
      </tbody>
    </table>
  );
}

const CityLine = memo(function CityLine(props: {
  row: CityRow;
  found: Ranges | undefined;
  isActive: boolean;
  onActive: (key: string) => void;
  onEdit: (row: CityRow) => void;
}) {
  const { row } = props;
  return (
    <tr
      data-testid="city"
      data-key={row._key}
      tabIndex={props.isActive ? 0 : -1}
      aria-keyshortcuts="Enter"
      onFocus={() => props.onActive(row._key)}
      onClick={() => props.onEdit(row)}
    >
      <td data-column="name">
        <span data-testid="city-name">
          <Marked text={row.name} ranges={props.found} />
        </span>
        {row.alt !== undefined && <span className="alt">{row.alt}</span>}
      </td>
      <td data-column="country">
        {countryName(row.country)}
        <span className="region">{row.region}</span>
      </td>
      <td data-column="kind">{kindName(row.kind)}</td>
      <td data-column="population" data-testid="city-population">
        {formatNumber(row.population)}
      </td>
      <td data-column="lat">{formatDegrees(row.lat, ['N', 'S'])}</td>
      <td data-column="lon">{formatDegrees(row.lon, ['E', 'W'])}</td>
    </tr>
  );
});
