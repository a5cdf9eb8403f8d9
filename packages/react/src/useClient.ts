import type { TopGunClient } from '@topgun/client';
import { TopGunError } from '@topgun/core';
import { useContext } from 'react';
import { TopGunContext } from './internal/TopGunContext.js';

/** The client given to the nearest `TopGunProvider`. Throws `REACT_NO_PROVIDER` when there is none. */
export function useClient(): TopGunClient {
  const client = useContext(TopGunContext);
  if (client !== undefined) return client;
  throw new TopGunError({
    code: 'REACT_NO_PROVIDER',
    message: 'A TopGun hook is used outside of a TopGunProvider',
    remedy: 'Wrap the component tree in <TopGunProvider client={client}>.',
  });
}
