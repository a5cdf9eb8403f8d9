import { type FormEvent, useState } from 'react';

/** Which map, and which of its records. */
export function FilterForm({
  map,
  names,
  onChange,
}: {
  readonly map: string;
  readonly names: readonly string[];
  readonly onChange: (map: string, where: Readonly<Record<string, unknown>>) => void;
}) {
  const [name, setName] = useState(map);
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string>();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    try {
      const where: unknown = text.trim() === '' ? {} : JSON.parse(text);
      if (typeof where !== 'object' || where === null || Array.isArray(where))
        throw new SyntaxError('A filter is an object, such as {"done": false}.');
      setFault(undefined);
      onChange(name, where as Readonly<Record<string, unknown>>);
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <form className="bar" onSubmit={submit}>
      <label>
        Map
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          list="map-names"
          required
          data-testid="map"
        />
        <datalist id="map-names">
          {names.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </label>
      <label className="wide">
        Where
        <input
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder='{"done": false}'
          spellCheck={false}
          className="mono"
          data-testid="where"
        />
      </label>
      <button type="submit" className="button">
        Show
      </button>
      {fault !== undefined && (
        <p className="refusal" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
