import * as LIMITS from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type SyncEventName, SyncStateMachine, type SyncStateName, transitions } from './SyncStateMachine.js';

const pathTo: Record<SyncStateName, SyncEventName[]> = {
  DISCONNECTED: [],
  CONNECTING: ['connect'],
  AUTHENTICATING: ['connect', 'opened'],
  SYNCING: ['connect', 'opened', 'accepted'],
  CONNECTED: ['connect', 'opened', 'accepted', 'synced'],
  BACKOFF: ['connect', 'lost'],
  ERROR: ['connect', 'lost', 'exhausted'],
};
const states = Object.keys(pathTo) as SyncStateName[];
const events: SyncEventName[] = [
  'connect',
  'opened',
  'accepted',
  'synced',
  'refused',
  'lost',
  'retry',
  'exhausted',
  'close',
  'reset',
];

/** Written out again, so that a slip in the table does not confirm itself. */
const allowed: Record<string, SyncStateName> = {
  'DISCONNECTED connect': 'CONNECTING',
  'CONNECTING opened': 'AUTHENTICATING',
  'CONNECTING lost': 'BACKOFF',
  'CONNECTING close': 'DISCONNECTED',
  'AUTHENTICATING accepted': 'SYNCING',
  'AUTHENTICATING refused': 'ERROR',
  'AUTHENTICATING lost': 'BACKOFF',
  'AUTHENTICATING close': 'DISCONNECTED',
  'SYNCING synced': 'CONNECTED',
  'SYNCING refused': 'ERROR',
  'SYNCING lost': 'BACKOFF',
  'SYNCING close': 'DISCONNECTED',
  'CONNECTED refused': 'ERROR',
  'CONNECTED lost': 'BACKOFF',
  'CONNECTED close': 'DISCONNECTED',
  'BACKOFF retry': 'CONNECTING',
  'BACKOFF exhausted': 'ERROR',
  'BACKOFF close': 'DISCONNECTED',
  'ERROR reset': 'DISCONNECTED',
};

function machineIn(state: SyncStateName): SyncStateMachine {
  const machine = new SyncStateMachine(() => 7);
  for (const event of pathTo[state]) machine.transition(event);
  return machine;
}

describe('SyncStateMachine', () => {
  for (const state of states) {
    for (const event of events) {
      const next = allowed[`${state} ${event}`];
      it(`[CONN-1] ${event} in ${state} ${next === undefined ? 'is refused' : `leads to ${next}`}`, () => {
        const machine = machineIn(state);
        expect(machine.getState()).toBe(state);
        expect(machine.canTransition(event)).toBe(next !== undefined);
        if (next === undefined) {
          expect(() => machine.transition(event)).toThrowError(
            expect.objectContaining({ code: 'STATE_TRANSITION' }),
          );
          expect(machine.getState()).toBe(state);
        } else {
          expect(machine.transition(event)).toBe(next);
        }
      });
    }
    it(`[CONN-1] reset from ${state} ends in DISCONNECTED`, () => {
      const machine = machineIn(state);
      machine.reset();
      expect(machine.getState()).toBe('DISCONNECTED');
    });
  }

  it('[CONN-1] the table holds no transition that this test does not know', () => {
    const found = Object.entries(transitions).flatMap(([state, row]) =>
      Object.keys(row).map((e) => `${state} ${e}`),
    );
    expect(found.sort()).toEqual(Object.keys(allowed).sort());
  });

  it('[CONN-1] tells listeners of each change until they leave', () => {
    const machine = new SyncStateMachine(() => 7);
    const seen: unknown[] = [];
    const off = machine.onStateChange((change) => seen.push(change));
    machine.transition('connect');
    off();
    machine.transition('lost');
    expect(seen).toEqual([{ from: 'DISCONNECTED', to: 'CONNECTING', event: 'connect', atMs: 7 }]);
  });

  it('[CONN-1] keeps no more changes than the limit', () => {
    const machine = machineIn('CONNECTING');
    for (let i = 0; i < LIMITS.stateHistory + 50; i++)
      machine.transition(machine.canTransition('lost') ? 'lost' : 'retry');
    expect(machine.getHistory()).toHaveLength(LIMITS.stateHistory);
    expect(machine.getHistory().at(-1)?.to).toBe('CONNECTING');
  });
});
