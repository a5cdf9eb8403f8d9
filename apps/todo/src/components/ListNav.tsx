import { useRef, useState } from 'react';
import { type Count, noCount } from '../state/countTodos.js';
import { EVERYTHING, INBOX, type Keyed, LIST_NAME_CHARS_MAX, type TodoList } from '../state/model.js';
import { Icon, type IconName } from './Icon.js';

/** The lists: a column beside the tasks on a wide screen, a row of chips above them on a narrow one. */
export function ListNav(props: {
  lists: readonly Keyed<TodoList>[];
  counts: ReadonlyMap<string, Count>;
  current: string;
  onSelect: (key: string) => void;
  onAdd: (name: string) => void;
}) {
  const entry = (key: string, name: string, icon: IconName) => {
    const { active } = props.counts.get(key) ?? noCount;
    return (
      <li key={key}>
        <button
          type="button"
          className="nav-item"
          data-testid="list"
          data-list={key}
          aria-current={props.current === key ? 'page' : undefined}
          onClick={() => props.onSelect(key)}
        >
          <Icon name={icon} size={18} />
          <span className="nav-name">{name}</span>
          {active > 0 && (
            <span className="nav-count">
              <span aria-hidden="true">{active}</span>
              <span className="sr-only">, {active} to do</span>
            </span>
          )}
        </button>
      </li>
    );
  };
  return (
    <nav className="lists" aria-label="Lists">
      <ul>
        {entry(EVERYTHING, 'Everything', 'layers')}
        {entry(INBOX, 'Inbox', 'inbox')}
        {props.lists.map((list) => entry(list._key, list.name, 'list'))}
        <li>
          <NewList onAdd={props.onAdd} />
        </li>
      </ul>
    </nav>
  );
}

function NewList({ onAdd }: { onAdd: (name: string) => void }) {
  const [name, setName] = useState<string>();
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setName(undefined);
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (name === undefined) {
    return (
      <button
        ref={opener}
        type="button"
        className="nav-item new"
        data-testid="new-list"
        onClick={() => setName('')}
      >
        <Icon name="plus" size={18} />
        <span className="nav-name">New list</span>
      </button>
    );
  }
  return (
    <form
      className="nav-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === '') return close();
        setName(undefined);
        onAdd(name.trim());
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: the reader asked for a new list and types its name next
        autoFocus
        type="text"
        aria-label="Name of the new list"
        data-testid="new-list-name"
        placeholder="List name"
        autoComplete="off"
        maxLength={LIST_NAME_CHARS_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => {
          if (name.trim() === '') setName(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
        }}
      />
    </form>
  );
}
