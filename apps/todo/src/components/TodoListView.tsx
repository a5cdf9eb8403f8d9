import { type KeyboardEvent, useMemo, useState } from 'react';
import type { Keyed, Todo, TodoList } from '../state/model.js';
import type { RovingRows } from '../state/useRovingRows.js';
import { useToday } from '../state/useToday.js';
import type { TodoActions } from '../state/useTodoActions.js';
import { TodoEditor } from './TodoEditor.js';
import { type RowHandlers, TodoRow } from './TodoRow.js';

/** The rows of the current view, with one of them possibly open for editing. */
export function TodoListView(props: {
  rows: readonly Keyed<Todo>[];
  lists: readonly Keyed<TodoList>[];
  /** List key → name, given where rows of several lists stand together. */
  listNames: ReadonlyMap<string, string> | undefined;
  actions: TodoActions;
  roving: RovingRows;
  label: string;
}) {
  const { rows, actions, roving } = props;
  const today = useToday();
  const [editing, setEditing] = useState<string>();
  const { setActive, keepFocus, focusRow } = roving;

  const handlers = useMemo<RowHandlers>(
    () => ({
      onToggle: (row) => {
        keepFocus();
        actions.toggle(row);
      },
      onEdit: (row) => setEditing(row._key),
      onRemove: (row) => {
        keepFocus();
        actions.remove(row);
      },
      onFocus: setActive,
    }),
    [actions, keepFocus, setActive],
  );

  const close = (key: string) => {
    setEditing(undefined);
    // The row comes back with the next paint; only then can it take the focus.
    requestAnimationFrame(() => focusRow(key));
  };

  const onKeyDown = (event: KeyboardEvent<HTMLUListElement>) => {
    const target = event.target as HTMLElement;
    if (target.closest('form') !== null || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = target.closest<HTMLElement>('[data-key]')?.dataset.key;
    const row = rows.find((candidate) => candidate._key === key);
    if (row === undefined) return;
    const onControl = target.matches('button, input');
    const commands: Record<string, () => void> = {
      ArrowDown: () => roving.move(1),
      ArrowUp: () => roving.move(-1),
      Home: () => roving.move(Number.NEGATIVE_INFINITY),
      End: () => roving.move(Number.POSITIVE_INFINITY),
      x: () => handlers.onToggle(row),
      e: () => handlers.onEdit(row),
      Delete: () => handlers.onRemove(row),
      Backspace: () => handlers.onRemove(row),
      // On a button or the checkbox these two already mean "press it".
      ...(onControl ? {} : { Enter: () => handlers.onEdit(row), ' ': () => handlers.onToggle(row) }),
    };
    const command = commands[event.key];
    if (command === undefined) return;
    event.preventDefault();
    command();
  };

  // Keys typed on any row arrive here by bubbling.
  return (
    <ul
      ref={roving.listRef}
      className="rows"
      data-testid="todo-list"
      aria-label={props.label}
      onKeyDown={onKeyDown}
    >
      {rows.map((row) =>
        row._key === editing ? (
          <TodoEditor
            key={row._key}
            row={row}
            lists={props.lists}
            onSave={(change) => {
              actions.change(row, change);
              close(row._key);
            }}
            onCancel={() => close(row._key)}
            onRemove={() => {
              setEditing(undefined);
              handlers.onRemove(row);
            }}
          />
        ) : (
          <TodoRow
            key={row._key}
            row={row}
            today={today}
            active={row._key === roving.activeKey}
            listName={props.listNames?.get(row.list)}
            handlers={handlers}
          />
        ),
      )}
    </ul>
  );
}
