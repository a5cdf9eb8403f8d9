import { useState } from 'react';
import { INBOX, type Keyed, TITLE_CHARS_MAX, type Todo, type TodoList } from '../state/model.js';
import { DueField } from './DueField.js';
import { PriorityPicker } from './PriorityPicker.js';

export type TodoChange = Pick<Todo, 'title' | 'list' | 'priority'> & { readonly due: string };

/** A task opened in its place. Enter saves, Esc leaves it as it was. */
export function TodoEditor(props: {
  row: Keyed<Todo>;
  lists: readonly Keyed<TodoList>[];
  onSave: (change: TodoChange) => void;
  onCancel: () => void;
  onRemove: () => void;
}) {
  const { row } = props;
  const [draft, setDraft] = useState<TodoChange>({
    title: row.title,
    list: row.list,
    priority: row.priority,
    due: row.due ?? '',
  });
  const title = draft.title.trim();
  return (
    <li className="row editing" data-testid="todo-editor" data-key={row._key}>
      <form
        className="editor"
        aria-label={`Edit: ${row.title}`}
        onSubmit={(event) => {
          event.preventDefault();
          if (title !== '') props.onSave({ ...draft, title });
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          props.onCancel();
        }}
      >
        <input
          // biome-ignore lint/a11y/noAutofocus: the reader asked to edit this very text
          autoFocus
          type="text"
          className="editor-title"
          data-testid="edit-title"
          aria-label="Title"
          maxLength={TITLE_CHARS_MAX}
          value={draft.title}
          onChange={(event) => setDraft({ ...draft, title: event.target.value })}
        />
        <div className="editor-fields">
          <PriorityPicker
            name={`priority-${row._key}`}
            value={draft.priority}
            onChange={(priority) => setDraft({ ...draft, priority })}
          />
          <DueField value={draft.due} onChange={(due) => setDraft({ ...draft, due })} />
          <label className="select">
            <span className="sr-only">List</span>
            <select value={draft.list} onChange={(event) => setDraft({ ...draft, list: event.target.value })}>
              <option value={INBOX}>Inbox</option>
              {props.lists.map((list) => (
                <option key={list._key} value={list._key}>
                  {list.name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <div className="editor-actions">
          <button type="submit" className="button primary" data-testid="edit-save" disabled={title === ''}>
            Save
          </button>
          <button type="button" className="button" onClick={props.onCancel}>
            Cancel
          </button>
          <button type="button" className="button danger" onClick={props.onRemove}>
            Delete
          </button>
        </div>
      </form>
    </li>
  );
}
