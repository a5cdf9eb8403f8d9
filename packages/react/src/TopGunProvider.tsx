import type { TopGunClient } from '@topgun/client';
import type { ReactElement, ReactNode } from 'react';
import { TopGunContext } from './internal/TopGunContext.js';

export interface TopGunProviderProps {
  /** Made once, outside of rendering, and closed by whoever made it. */
  readonly client: TopGunClient;
  readonly children?: ReactNode;
}

/**
 * Gives every hook below it the client.
 *
 * ```tsx
 * const client = new TopGunClient({ serverUrl: 'ws://localhost:8080', storage: new IDBAdapter() });
 * createRoot(element).render(<TopGunProvider client={client}><App /></TopGunProvider>);
 * ```
 */
export function TopGunProvider({ client, children }: TopGunProviderProps): ReactElement {
  return <TopGunContext.Provider value={client}>{children}</TopGunContext.Provider>;
}
