import { useClient, useConnectionState } from '@topgun/react';
import { syncStatus } from '../../../shared/src/syncStatus.js';

/** The sync indicator: a badge to look at, and one spoken sentence per change of kind. */
export function SyncBadge() {
  const { state, pending } = useConnectionState();
  const client = useClient();
  const status = syncStatus(state, pending);
  const retry = (
    <button type="button" className="link" onClick={() => client.resetConnection()}>
      Retry
    </button>
  );
  return (
    <div className="sync" data-testid="sync" data-kind={status.kind} title={status.sentence}>
      <span className="sync-dot" aria-hidden="true" />
      <span aria-hidden="true">{status.label}</span>
      {status.kind === 'error' && retry}
      <span className="sr-only" role="status" aria-live="polite">
        {status.sentence}
      </span>
    </div>
  );
}
