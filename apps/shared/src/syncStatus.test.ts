import { describe, expect, it } from 'vitest';
import { syncStatus } from './syncStatus.js';

describe('syncStatus', () => {
  it('says saved only when connected and nothing waits', () => {
    const states = [
      'DISCONNECTED',
      'CONNECTING',
      'AUTHENTICATING',
      'SYNCING',
      'CONNECTED',
      'BACKOFF',
      'ERROR',
    ];
    for (const state of states) {
      for (const pending of [0, 1, 7]) {
        expect(syncStatus(state, pending).kind === 'saved').toBe(state === 'CONNECTED' && pending === 0);
      }
    }
  });

  it('counts what waits, whatever the state', () => {
    expect(syncStatus('BACKOFF', 1).label).toBe('Offline · 1 change waiting');
    expect(syncStatus('SYNCING', 1200).label).toBe('Syncing · 1,200 changes waiting');
    expect(syncStatus('CONNECTED', 2).label).toBe('Saving 2 changes');
    expect(syncStatus('ERROR', 3).label).toBe('Sync stopped · 3 changes waiting');
  });

  it('reads the same sentence whatever the number, so that a screen reader is not flooded', () => {
    expect(syncStatus('CONNECTED', 2).sentence).toBe(syncStatus('CONNECTED', 900).sentence);
  });
});
