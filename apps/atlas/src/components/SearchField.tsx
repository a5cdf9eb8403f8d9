import type { RefObject } from 'react';
import { Icon } from './Icon.js';

/** A word of it becomes a pattern, which the query language bounds. */
const FIND_CHARS_MAX = 100;

/** Search as you type. Esc empties it and leaves it, ↓ goes to the first city found. */
export function SearchField(props: {
  value: string;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (find: string) => void;
  onLeave: () => void;
}) {
  return (
    <search className="find">
      <Icon name="search" size={18} />
      <input
        ref={props.inputRef}
        type="search"
        data-testid="search"
        aria-label="Search cities"
        aria-keyshortcuts="/"
        placeholder="Search cities"
        autoComplete="off"
        spellCheck={false}
        maxLength={FIND_CHARS_MAX}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' && event.key !== 'ArrowDown') return;
          event.preventDefault();
          if (event.key === 'Escape') props.onChange('');
          props.onLeave();
        }}
      />
      <kbd>/</kbd>
    </search>
  );
}
