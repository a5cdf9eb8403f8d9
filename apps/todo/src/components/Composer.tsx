import { type RefObject, useState } from 'react';
import { type Priority, TITLE_CHARS_MAX } from '../state/model.js';
import { DueField } from './DueField.js';
import { Icon } from './Icon.js';
import { PriorityPicker } from './PriorityPicker.js';

export type Draft = { readonly title: string; readonly priority: Priority; readonly due: string };
const emptyDraft: Draft = { title: '', priority: 0, due: '' };

/** The field for a new task. Enter adds and leaves the cursor for the next one; Esc leaves the field. */
export function Composer(props: {
  inputRef: RefObject<HTMLInputElement | null>;
  listName: string;
  onAdd: (draft: Draft) => void;
}) {
  const [draft, setDraft] = useState(emptyDraft);
  const title = draft.title.trim();
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (title === '') return;
        props.onAdd({ ...draft, title });
        setDraft(emptyDraft);
        props.inputRef.current?.focus();
      }}
    >
      <div className="composer-line">
        <span className="composer-plus" aria-hidden="true">
          <Icon name="plus" />
        </span>
        <input
          ref={props.inputRef}
          className="composer-title"
          data-testid="composer-title"
          type="text"
          aria-label={`New task in ${props.listName}`}
          aria-keyshortcuts="n"
          placeholder={`Add a task to ${props.listName}`}
          autoComplete="off"
          enterKeyHint="done"
          maxLength={TITLE_CHARS_MAX}
          value={draft.title}
          onChange={(event) => setDraft({ ...draft, title: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <button type="submit" className="button primary" data-testid="composer-add" disabled={title === ''}>
          Add
        </button>
      </div>
      <div className="composer-more" data-shown={title !== ''}>
        <PriorityPicker
          name="new-priority"
          value={draft.priority}
          onChange={(priority) => setDraft({ ...draft, priority })}
        />
        <DueField value={draft.due} onChange={(due) => setDraft({ ...draft, due })} />
      </div>
    </form>
  );
}
