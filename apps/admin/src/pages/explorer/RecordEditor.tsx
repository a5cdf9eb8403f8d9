import { useMutation } from '@topgun/react';
import { type FormEvent, useEffect, useRef, useState } from 'react';

/** One record as JSON, in a dialog: saved, removed, or left as it is. */
export function RecordEditor({
  map,
  recordKey,
  value,
  onWrite,
  onClose,
}: {
  readonly map: string;
  /** empty for a new record */
  readonly recordKey: string;
  readonly value: unknown;
  readonly onWrite: () => void;
  readonly onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { update, remove } = useMutation<unknown>(map);
  const [key, setKey] = useState(recordKey);
  const [text, setText] = useState(() => JSON.stringify(value, undefined, 2));
  const [fault, setFault] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);

  const write = (change: () => unknown): void => {
    try {
      onWrite();
      change();
      onClose();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  const save = (event: FormEvent): void => {
    event.preventDefault();
    write(() => update(key, JSON.parse(text)));
  };

  return (
    <dialog ref={dialog} onClose={onClose} aria-label={`Record of ${map}`}>
      <form onSubmit={save}>
        <label>
          Key
          <input
            value={key}
            onChange={(event) => setKey(event.target.value)}
            readOnly={recordKey !== ''}
            required
            data-testid="edit-key"
          />
        </label>
        <label>
          Value
          <textarea
            value={text}
            onChange={(event) => setText(event.target.value)}
            rows={14}
            spellCheck={false}
            className="mono"
            data-testid="edit-value"
          />
        </label>
        {fault !== undefined && (
          <p className="refusal" role="alert">
            {fault}
          </p>
        )}
        <div className="bar">
          <button type="submit" className="button primary">
            Save
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          {recordKey !== '' && (
            <button type="button" className="link danger" onClick={() => write(() => remove(recordKey))}>
              Remove
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
