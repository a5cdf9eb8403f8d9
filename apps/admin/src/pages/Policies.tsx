import { useCallback } from 'react';
import type { Denial } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { Notice } from '../components/Notice.js';
import { useApi } from '../session/SessionContext.js';
import { Denials } from './policies/Denials.js';
import { TestBench } from './policies/TestBench.js';

const EVERY_MS = 5_000;

/** Who may do what: the rules in force, a bench to try them, and what was denied lately. */
export function Policies() {
  const api = useApi();
  const askPolicies = useCallback(() => api.get<Readonly<Record<string, unknown>>>('/api/policies'), [api]);
  const askDenials = useCallback(
    () => api.get<{ denials: readonly Denial[] }>('/api/denials?limit=100'),
    [api],
  );
  const policies = usePolled(askPolicies, EVERY_MS);
  const denials = usePolled(askDenials, EVERY_MS);
  return (
    <>
      <Notice error={policies.error ?? denials.error} />
      <TestBench />
      <section>
        <h2>In force</h2>
        <p className="quiet">
          Rules come from the settings, from the policies file and from the server's store. Change them with{' '}
          <code>topgun policy</code>, or in the file: it is read again when it changes.
        </p>
        {policies.data !== undefined && (
          <pre className="card mono" data-testid="policies">
            {JSON.stringify(policies.data, undefined, 2)}
          </pre>
        )}
      </section>
      <section>
        <h2>Denied lately</h2>
        <Denials denials={denials.data?.denials ?? []} />
      </section>
    </>
  );
}
