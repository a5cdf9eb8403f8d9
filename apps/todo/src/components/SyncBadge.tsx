import { useClient, useConnectionState } from '@topgun/react';
import { syncStatus } from '../../../shared/src/syncStatus.js';

/**
 * The sync indicator. The badge counts what waits; beside it a hidden status line says one sentence per change of
 * kind, so that a screen reader hears "offline" once and not every number.
 */
export function SyncBadge() {
  const client = useClient();
  const { state, pending } = useConnectionState();
  const { kind, label, sentence } = syncStatus(state, pending);
  return (
    <div className="sync" data-testid="sync" data-kind={kind} data-pending={pending} title={sentence}>
      <span className="sync-dot" aria-hidden="true" />
      <span className="sync-label" aria-hidden="true">
        {label}
      </span>
      {kind === 'error' && (
        <button
          type="button"
          className="link"
          data-testid="sync-retry"
          onClick={() => client.resetConnection()}
        >
          Retry
        </button>
      )}
      <span className="sr-only" role="status" aria-live="polite" data-testid="sync-spoken">
        {sentence}
      </span>
    </div>
  );
}
