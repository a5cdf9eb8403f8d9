import { AggregateView, IndexSet, LiveWindow, parsePath, readPath, StandingIndex } from '@topgun/core';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import { LocalQuery } from '../../client/src/engine/LocalQuery.js';
import { operatorOf } from '../../core/src/query/operators.js';
import { SharedQuery } from '../../server/src/engine/SharedQuery.js';
import { View } from '../../server/src/security/policy/View.js';

/** A mistake in the shipped code that random queries have to find. */
interface Plant {
  readonly name: string;
  /** Seeds within which it is found. */
  readonly seeds: number;
  /** Who finds it. */
  readonly checker: string;
  /** Plants it; returns how to take it out again. */
  readonly plant: () => () => void;
}

/** Replaces what an operator means. */
function replaceOperator(op: string, make: (shipped: Test) => Test): () => void {
  const operator = operatorOf(op) as { test: Test };
  const shipped = operator.test;
  operator.test = make(shipped);
  return () => {
    operator.test = shipped;
  };
}

type Test = (field: unknown, first: unknown, second: unknown) => boolean;

const { test: isEqual } = operatorOf('eq') as { test: Test };
const isSame = (a: unknown, b: unknown): boolean => isEqual(a, b, undefined);

export const plants: readonly Plant[] = [
  {
    name: 'nothing moves up when a row leaves a full window',
    seeds: 100,
    checker: 'live window',
    plant: () =>
      replaceMethod(
        LiveWindow,
        'apply',
        (shipped) =>
          function (key, value) {
            const deltas = shipped.call(this, key, value);
            return deltas[0]?.type === 'LEAVE' ? deltas.slice(0, 1) : deltas;
          },
      ),
  },
  {
    name: 'between leaves its bounds out',
    seeds: 300,
    checker: 'fresh run',
    plant: () =>
      replaceOperator(
        'between',
        (shipped) => (field, from, to) =>
          shipped(field, from, to) && !isSame(field, from) && !isSame(field, to),
      ),
  },
  {
    name: 'a missing field does not meet neq',
    seeds: 100,
    checker: 'fresh run',
    plant: () =>
      replaceOperator(
        'neq',
        (shipped) => (field, value, none) => field !== undefined && shipped(field, value, none),
      ),
  },
  {
    name: 'standing queries are not found by bigints',
    seeds: 300,
    checker: 'standing queries',
    plant: () =>
      replaceMethod(
        StandingIndex,
        'candidates',
        (shipped) =>
          function (value, visit) {
            const isObject = typeof value === 'object' && value !== null;
            const seen = isObject
              ? Object.fromEntries(Object.entries(value).filter(([, part]) => typeof part !== 'bigint'))
              : value;
            shipped.call(this, seen, visit);
          },
      ),
  },
  {
    name: 'an index that gives the order leaves out what has no such field',
    seeds: 300,
    checker: 'indexes',
    plant: () =>
      replaceMethod(
        IndexSet<unknown>,
        'inspect',
        (shipped) =>
          function (spec, view) {
            const answer = shipped.call(this, spec, view);
            if (answer.explanation.sorting !== 'index') return answer;
            const [[path] = ['']] = spec.sort ?? [];
            const isThere = (value: unknown): boolean => readPath(value, parsePath(path)) !== undefined;
            return { ...answer, rows: answer.rows.filter(([, value]) => isThere(value)) };
          },
      ),
  },
  {
    name: 'a group keeps counting what has left it',
    seeds: 100,
    checker: 'aggregates',
    plant: () =>
      replaceMethod(
        AggregateView,
        'change',
        (shipped) =>
          function (before, after) {
            if (after !== undefined) shipped.call(this, before, after);
          },
      ),
  },
  {
    name: 'a mask is forgotten',
    seeds: 100,
    checker: 'server',
    plant: () =>
      replaceMethod(
        View,
        'project',
        (shipped) =>
          function (value) {
            return shipped.call(this, value) === undefined ? undefined : value;
          },
      ),
  },
  {
    name: 'a row that another one pushed out is not told of',
    seeds: 300,
    checker: 'server',
    plant: () =>
      replaceMethod(
        SharedQuery,
        'advance',
        (shipped) =>
          function (changes, bytesMax) {
            const own = new Set(changes.map(({ row }) => row.item));
            const updates = shipped.call(this, changes, bytesMax);
            return updates.map(({ nodes, changes: told }) => ({
              nodes,
              changes: told.filter(([, , , row]) => own.has(row[1])),
            }));
          },
      ),
  },
  {
    name: 'a device overlooks the changes of one row',
    seeds: 100,
    checker: 'device',
    plant: () =>
      replaceMethod(
        LocalQuery,
        'note',
        (shipped) =>
          function (id, isSameValue, notedMax) {
            return id === 'k1' ? false : shipped.call(this, id, isSameValue, notedMax);
          },
      ),
  },
];
