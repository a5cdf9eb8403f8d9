/**
 * What the indicator says, as a pure function of what the client reports. It never claims more than is known:
 * "saved" needs a live, synced connection and not one write waiting for the server's answer.
 */
export type SyncKind = 'offline' | 'connecting' | 'saving' | 'saved' | 'error';

export type SyncStatus = {
  readonly kind: SyncKind;
  /** Short text on the badge. */
  readonly label: string;
  /** One sentence for the tooltip and the screen reader. It holds no number, so it is read out once per change of kind. */
  readonly sentence: string;
};

const connectingStates = new Set(['CONNECTING', 'AUTHENTICATING', 'SYNCING']);

export function syncStatus(state: string, pending: number): SyncStatus {
  const waiting = pending === 0 ? '' : ` · ${changes(pending)} waiting`;
  if (state === 'ERROR') {
    return {
      kind: 'error',
      label: `Sync stopped${waiting}`,
      sentence: 'Sync has stopped. Your changes are kept on this device. Use Retry to connect again.',
    };
  }
  if (state === 'CONNECTED') {
    return pending === 0
      ? { kind: 'saved', label: 'All saved', sentence: 'All changes are saved on the server.' }
      : {
          kind: 'saving',
          label: `Saving ${changes(pending)}`,
          sentence: 'Saving changes. They are already kept on this device.',
        };
  }
  if (connectingStates.has(state)) {
    return {
      kind: 'connecting',
      label: `${state === 'SYNCING' ? 'Syncing' : 'Connecting'}${waiting || '…'}`,
      sentence: 'Connecting to the server and syncing.',
    };
  }
  return {
    kind: 'offline',
    label: `Offline${waiting}`,
    sentence: 'Offline. You can keep working; changes are kept on this device and sent later.',
  };
}

function changes(count: number): string {
  return count === 1 ? '1 change' : `${count.toLocaleString('en')} changes`;
}
