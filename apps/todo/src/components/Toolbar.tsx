import type { RefObject } from 'react';
import { type SortField, sortFields, sortNames, statuses, statusNames, type View } from '../state/view.js';
import { Icon } from './Icon.js';

/** A word of it becomes a `like` pattern, which the query language bounds. */
const SEARCH_CHARS_MAX = 100;

/** Which rows, in which order. */
export function Toolbar(props: {
  view: View;
  searchRef: RefObject<HTMLInputElement | null>;
  onChange: (change: Partial<View>) => void;
  onLeave: () => void;
}) {
  const { view, onChange } = props;
  return (
    <search className="toolbar">
      <fieldset className="segments" data-testid="filter">
        <legend className="sr-only">Show</legend>
        {statuses.map((status) => (
          <label key={status}>
            <input
              type="radio"
              name="status"
              value={status}
              checked={view.status === status}
              onChange={() => onChange({ status })}
            />
            <span>{statusNames[status]}</span>
          </label>
        ))}
      </fieldset>
      <label className="find">
        <Icon name="search" size={16} />
        <span className="sr-only">Search in this list</span>
        <input
          ref={props.searchRef}
          type="search"
          data-testid="search"
          aria-keyshortcuts="/"
          placeholder="Search"
          maxLength={SEARCH_CHARS_MAX}
          value={view.search}
          onChange={(event) => onChange({ search: event.target.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            onChange({ search: '' });
            props.onLeave();
          }}
        />
      </label>
      <label className="select">
        <span className="sr-only">Sort by</span>
        <select
          data-testid="sort"
          value={view.sort}
          onChange={(event) => onChange({ sort: event.target.value as SortField })}
        >
          {sortFields.map((field) => (
            <option key={field} value={field}>
              {sortNames[field]}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
