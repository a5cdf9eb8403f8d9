import { type FormEvent, useEffect, useRef, useState } from 'react';
import { formatNumber } from '../state/formats.js';
import { type CityRow, countryName, kindName, NAME_CHARS_MAX, POPULATION_MAX } from '../state/model.js';
import { toPeople } from '../state/view.js';

export type CityChange = { readonly name?: string; readonly population?: number };

/**
 * Name and people of one city, in the browser's own modal dialog. Saves what was changed and nothing else: a field the
 * reader left alone keeps what somebody else wrote meanwhile.
 */
export function CityEditor(props: {
  row: CityRow;
  onSave: (key: string, change: CityChange) => void;
  onClose: () => void;
}) {
  const { row } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  // What the fields held when the dialog opened.
  const [before] = useState({ name: row.name, population: formatNumber(row.population) });
  const [name, setName] = useState(before.name);
  const [population, setPopulation] = useState(before.population);
  const people = toPeople(population);
  const isFit = name.trim() !== '' && people !== undefined && people <= POPULATION_MAX;

  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!isFit) return;
    props.onSave(row._key, {
      ...(name === before.name ? {} : { name: name.trim() }),
      ...(population === before.population ? {} : { population: people }),
    });
    props.onClose();
  };
  return (
    <dialog
      ref={dialog}
      className="sheet"
      data-testid="editor"
      aria-labelledby="editor-title"
      onClose={props.onClose}
    >
      <form onSubmit={save}>
        <h2 id="editor-title">{row.name}</h2>
        <p className="quiet">
          {kindName(row.kind)} in {countryName(row.country)}
        </p>
        <label className="field">
          Name
          <input
            data-testid="edit-name"
            maxLength={NAME_CHARS_MAX}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="field">
          People
          <input
            autoFocus
            inputMode="numeric"
            data-testid="edit-population"
            aria-invalid={people === undefined || people > POPULATION_MAX}
            value={population}
            onFocus={(event) => event.target.select()}
            onChange={(event) => setPopulation(event.target.value)}
          />
        </label>
        <div className="actions">
          <button type="button" className="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="save" disabled={!isFit}>
            Save
          </button>
        </div>
      </form>
    </dialog>
  );
}
