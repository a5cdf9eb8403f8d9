import { memo } from 'react';
import { dueLabel } from '../state/dueLabel.js';
import { type Keyed, priorityNames, type Todo } from '../state/model.js';
import { Icon } from './Icon.js';

export type RowHandlers = {
  readonly onToggle: (row: Keyed<Todo>) => void;
  readonly onEdit: (row: Keyed<Todo>) => void;
  readonly onRemove: (row: Keyed<Todo>) => void;
  readonly onFocus: (key: string) => void;
};

/** One task as a line of the list. Only the active row's controls are tab stops; the others wait for the arrows. */
export const TodoRow = memo(function TodoRow(props: {
  row: Keyed<Todo>;
  today: string;
  active: boolean;
  /** Name of its list, where rows of several lists stand together. */
  listName: string | undefined;
  handlers: RowHandlers;
}) {
  const { row, active, handlers, listName } = props;
  const tabIndex = active ? 0 : -1;
  const due = row.due === undefined ? undefined : dueLabel(row.due, props.today);
  return (
    // The keys are handled once, by the list around the rows.
    <li
      className="row"
      data-testid="todo-row"
      data-key={row._key}
      data-done={row.done}
      data-priority={row.priority}
      tabIndex={tabIndex}
      aria-keyshortcuts="x e Delete"
      onFocus={() => handlers.onFocus(row._key)}
    >
      <input
        type="checkbox"
        className="check"
        data-testid="todo-toggle"
        checked={row.done}
        tabIndex={tabIndex}
        aria-label={`Done: ${row.title}`}
        onChange={() => handlers.onToggle(row)}
      />
      <button type="button" className="row-body" tabIndex={-1} onClick={() => handlers.onEdit(row)}>
        <span className="row-title" data-testid="todo-title">
          {row.title}
        </span>
        {(due !== undefined || row.priority !== 0 || listName !== undefined) && (
          <span className="row-meta">
            {row.priority !== 0 && (
              <span className="tag priority" data-priority={row.priority}>
                <Icon name="flag" size={13} />
                {priorityNames[row.priority]}
              </span>
            )}
            {due !== undefined && (
              <span className="tag due" data-tone={row.done ? 'later' : due.tone}>
                <Icon name="calendar" size={13} />
                {due.text}
              </span>
            )}
            {listName !== undefined && <span className="tag">{listName}</span>}
          </span>
        )}
      </button>
      <span className="row-tools">
        <button
          type="button"
          className="icon-button"
          data-testid="todo-edit"
          tabIndex={tabIndex}
          aria-label={`Edit: ${row.title}`}
          onClick={() => handlers.onEdit(row)}
        >
          <Icon name="edit" size={18} />
        </button>
        <button
          type="button"
          className="icon-button danger"
          data-testid="todo-delete"
          tabIndex={tabIndex}
          aria-label={`Delete: ${row.title}`}
          onClick={() => handlers.onRemove(row)}
        >
          <Icon name="trash" size={18} />
        </button>
      </span>
    </li>
  );
});
