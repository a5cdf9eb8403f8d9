import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/Api.js';
import { useApi } from '../../session/SessionContext.js';

const ACTIONS = ['READ', 'PUT', 'REMOVE'] as const;

/** What somebody may do, tried without doing it. */
export function TestBench() {
  const api = useApi();
  const [as, setAs] = useState('{"sub": "ann", "roles": ["USER"]}');
  const [map, setMap] = useState('');
  const [action, setAction] = useState<string>('READ');
  const [old, setOld] = useState('');
  const [record, setRecord] = useState('');
  const [verdict, setVerdict] = useState<Readonly<Record<string, unknown>>>();
  const [fault, setFault] = useState<string>();

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setFault(undefined);
    setVerdict(undefined);
    try {
      const question = {
        as: JSON.parse(as) as unknown,
        map,
        action,
        ...(old.trim() !== '' && { old: JSON.parse(old) as unknown }),
        ...(record.trim() !== '' && { record: JSON.parse(record) as unknown }),
      };
      setVerdict(await api.post<Readonly<Record<string, unknown>>>('/api/policies/test', question));
    } catch (error) {
      setFault(error instanceof ApiError || error instanceof SyntaxError ? error.message : String(error));
    }
  };

  const area = (label: string, text: string, set: (text: string) => void, testId: string) => (
    <label className="wide">
      {label}
      <input
        value={text}
        onChange={(event) => set(event.target.value)}
        className="mono"
        spellCheck={false}
        data-testid={testId}
      />
    </label>
  );

  return (
    <section>
      <h2>Test bench</h2>
      <form className="card bench" onSubmit={(event) => void submit(event)}>
        {area('Claims', as, setAs, 'bench-as')}
        <label>
          Map
          <input
            value={map}
            onChange={(event) => setMap(event.target.value)}
            required
            data-testid="bench-map"
          />
        </label>
        <label>
          Action
          <select
            value={action}
            onChange={(event) => setAction(event.target.value)}
            data-testid="bench-action"
          >
            {ACTIONS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        {area('Record as it is stored', old, setOld, 'bench-old')}
        {area('Record as it would be', record, setRecord, 'bench-record')}
        <button type="submit" className="button primary">
          Try
        </button>
        {fault !== undefined && (
          <p className="refusal" role="alert">
            {fault}
          </p>
        )}
        {verdict !== undefined && (
          <pre className="mono" data-testid="verdict">
            {JSON.stringify(verdict, undefined, 2)}
          </pre>
        )}
      </form>
    </section>
  );
}
