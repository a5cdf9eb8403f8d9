import { useState } from 'react';
import type { Count } from '../state/countTodos.js';
import { type Keyed, LIST_NAME_CHARS_MAX, type TodoList } from '../state/model.js';
import { Icon } from './Icon.js';

/** Name of the list and how much is left in it; lists that people made can be renamed and deleted here. */
export function ListHeading(props: {
  title: string;
  count: Count;
  list: Keyed<TodoList> | undefined;
  onRename: (list: Keyed<TodoList>, name: string) => void;
  onRemove: (list: Keyed<TodoList>) => void;
}) {
  const { list, count } = props;
  const [name, setName] = useState<string>();
  const save = () => {
    const next = name?.trim() ?? '';
    if (list !== undefined && next !== '' && next !== list.name) props.onRename(list, next);
    setName(undefined);
  };
  return (
    <header className="heading">
      {name === undefined ? (
        <h1 data-testid="list-title">{props.title}</h1>
      ) : (
        <input
          // biome-ignore lint/a11y/noAutofocus: the reader asked to rename this list
          autoFocus
          type="text"
          className="heading-input"
          data-testid="list-name"
          aria-label="List name"
          maxLength={LIST_NAME_CHARS_MAX}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onBlur={save}
          onKeyDown={(event) => {
            if (event.key === 'Enter') save();
            if (event.key === 'Escape') setName(undefined);
          }}
        />
      )}
      <p className="quiet" data-testid="list-count">
        {summary(count)}
      </p>
      {list !== undefined && name === undefined && (
        <span className="heading-tools">
          <button
            type="button"
            className="icon-button"
            data-testid="rename-list"
            aria-label={`Rename list ${list.name}`}
            onClick={() => setName(list.name)}
          >
            <Icon name="edit" size={18} />
          </button>
          <button
            type="button"
            className="icon-button danger"
            data-testid="delete-list"
            aria-label={`Delete list ${list.name}`}
            onClick={() => props.onRemove(list)}
          >
            <Icon name="trash" size={18} />
          </button>
        </span>
      )}
    </header>
  );
}

function summary({ active, done }: Count): string {
  if (active === 0 && done === 0) return 'No tasks';
  if (active === 0) return 'All done';
  return done === 0 ? `${active} to do` : `${active} to do, ${done} done`;
}
