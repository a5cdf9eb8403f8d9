import { TopGunProvider } from '@topgun/react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { restOf, useHash } from '../address.js';
import type { ServerStatus } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { Notice } from '../components/Notice.js';
import { useApi, useSession } from '../session/SessionContext.js';
import { createClient } from './explorer/createClient.js';
import { FilterForm } from './explorer/FilterForm.js';
import { Records } from './explorer/Records.js';

/** Names of maps change rarely, and counting their items takes the server a while. */
const EVERY_MS = 60_000;

/** Records of one map, as the operator may see them, kept up to date; and an editor for them. */
export function Explorer() {
  const api = useApi();
  const session = useSession();
  const map = restOf(useHash());
  const ask = useCallback(() => api.get<ServerStatus>('/api/status'), [api]);
  const { data, error } = usePolled(ask, EVERY_MS);
  const client = useMemo(() => createClient(session.token), [session]);
  useEffect(() => () => void client.close(), [client]);
  const [filter, setFilter] = useState<Readonly<Record<string, unknown>>>({});
  const kind = data?.maps?.find(({ name }) => name === map)?.kind;

  return (
    <>
      <Notice error={error} />
      <FilterForm
        key={map}
        map={map}
        names={(data?.maps ?? []).map(({ name }) => name)}
        onChange={(name, where) => {
          setFilter(where);
          location.hash = `#/data/${encodeURIComponent(name)}`;
        }}
      />
      {map === '' ? (
        <p className="quiet empty">Choose a map.</p>
      ) : (
        <TopGunProvider client={client}>
          <Records key={map} map={map} kind={kind} where={filter} />
        </TopGunProvider>
      )}
    </>
  );
}
