import { useEffect, useRef } from 'react';

const keys: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['N'], 'New task'],
  [['/'], 'Search in this list'],
  [['↑', '↓'], 'Move between tasks'],
  [['X'], 'Done, or not done'],
  [['E'], 'Edit'],
  [['Del'], 'Delete'],
  [['U'], 'Undo a deletion'],
  [['Esc'], 'Leave a field'],
  [['?'], 'This help'],
];

/** The list of keys, in the browser's own modal dialog: it traps focus, closes on Esc and gives focus back. */
export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" data-testid="help" onClose={onClose}>
      <h2 id="help-title">Keyboard</h2>
      <dl>
        {keys.map(([names, meaning]) => (
          <div key={meaning}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">
        Tasks live on this device first and are shared with everybody on this server as soon as there is a
        connection.
      </p>
      <form method="dialog">
        <button type="submit" className="button primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
