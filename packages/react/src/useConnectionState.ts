import type { SyncStateName } from '@topgun/client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

export interface ConnectionView {
  readonly state: SyncStateName;
  /** Writes on this device, of all tabs, that the server has not answered. */
  readonly pending: number;
}

const disconnected = (): SyncStateName => 'DISCONNECTED';
const zero = (): number => 0;

/** State of the connection and number of unanswered writes: what an honest sync indicator needs. */
export function useConnectionState(): ConnectionView {
  const client = useClient();
  const onState = useCallback((changed: () => void) => client.onConnectionStateChange(changed), [client]);
  const onPending = useCallback((changed: () => void) => client.onPendingOpsChange(changed), [client]);
  const state = useSyncExternalStore(onState, () => client.getConnectionState(), disconnected);
  const pending = useSyncExternalStore(onPending, () => client.getPendingOpsCount(), zero);
  return useMemo(() => ({ state, pending }), [state, pending]);
}
