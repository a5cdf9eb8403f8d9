import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PNCounter, type PNCounterState } from './PNCounter.js';

const nodes = fc.constantFrom('a', 'b', '__proto__');
const totals = fc.dictionary(nodes, fc.nat({ max: 1_000 })).map((object) => new Map(Object.entries(object)));
const states: fc.Arbitrary<PNCounterState> = fc.record({ positive: totals, negative: totals });

function merged(...parts: PNCounterState[]): PNCounterState {
  const counter = new PNCounter({ nodeId: 'n' });
  for (const part of parts) counter.merge(part);
  return counter.getState();
}

describe('PNCounter', () => {
  it('merge is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        expect(merged(a, b)).toEqual(merged(b, a));
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
        expect(merged(a, b, a, b)).toEqual(merged(a, b));
      }),
    );
  });

  it('the value is the sum of all deltas, each counted once, however often states are exchanged', () => {
    const acts = fc.array(
      fc.record({ who: fc.nat({ max: 2 }), delta: fc.integer({ min: -9, max: 9 }), to: fc.nat({ max: 2 }) }),
    );
    fc.assert(
      fc.property(acts, (all) => {
        const replicas = ['a', 'b', 'c'].map((nodeId) => new PNCounter({ nodeId })) as [
          PNCounter,
          PNCounter,
          PNCounter,
        ];
        for (const { who, delta, to } of all) {
          (replicas[who] as PNCounter).addAndGet(delta);
          (replicas[to] as PNCounter).merge((replicas[who] as PNCounter).getState());
        }
        for (const replica of replicas) for (const other of replicas) replica.merge(other.getState());
        const sum = all.reduce((total, { delta }) => total + delta, 0);
        for (const replica of replicas) expect(replica.get()).toBe(sum);
      }),
    );
  });

  it('a state survives the trip through an object, for any node id', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(PNCounter.objectToState(JSON.parse(JSON.stringify(PNCounter.stateToObject(state))))).toEqual(
          state,
        );
      }),
    );
  });

  it('tells subscribers at once and after each change', () => {
    const counter = new PNCounter({
      nodeId: 'n',
      initialState: merged({ positive: new Map([['a', 5]]), negative: new Map() }),
    });
    const heard: number[] = [];
    const end = counter.subscribe((value) => heard.push(value));
    counter.increment();
    counter.decrement();
    counter.merge(counter.getState());
    end();
    counter.addAndGet(10);
    expect([heard, counter.get(), counter.getNodeId()]).toEqual([[5, 6, 5], 15, 'n']);
  });

  it('refuses fractions, totals past 2^53 and malformed states, and stays as it was', () => {
    const counter = new PNCounter({ nodeId: 'n' });
    const refusal = expect.objectContaining({ code: 'COUNTER_INVALID' });
    for (const delta of [0.5, Number.NaN, 2 ** 53]) expect(() => counter.addAndGet(delta)).toThrow(refusal);
    counter.addAndGet(Number.MAX_SAFE_INTEGER);
    expect(() => counter.increment()).toThrow(refusal);
    expect(() => counter.merge({ positive: new Map([['a', 1]]), negative: new Map([['a', -1]]) })).toThrow(
      refusal,
    );
    expect(counter.get()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => new PNCounter({ nodeId: '' })).toThrow(expect.objectContaining({ code: 'NODE_INVALID' }));
  });
});
