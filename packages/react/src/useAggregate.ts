import {
  type AggregateFilter,
  type AggregateGroup,
  type AggregateHandle,
  type AggregateSnapshot,
  aggregate,
  type Selection,
} from '@topgun/client/aggregates';
import type { TopGunError } from '@topgun/core';
import { useMemo } from 'react';
import { useSnapshot } from './internal/useSnapshot.js';

export interface AggregateResult<G> {
  /** In their order; unchanged groups are the same objects as before, an unchanged list the same array. */
  readonly groups: readonly G[];
  /** True until the device's store is read, or the server has answered. */
  readonly loading: boolean;
  /** Why the question is refused. */
  readonly error: TopGunError | undefined;
  /** `complete` once the server's rows are in; `partial` while this is computed from what the device holds. */
  readonly completeness: 'partial' | 'complete';
}

const NOTHING: AggregateSnapshot<never> = { groups: [], completeness: 'partial', isLoaded: false };

/**
 * Aggregates of the rows that match a filter, rendered again when one of them changes; see `aggregate` of
 * `@topgun/client/aggregates`. The filter may be a new object in each render. Empty and loading on a server.
 *
 * ```tsx
 * const { groups } = useAggregate('todos', { groupBy: 'done', select: { n: count() } });
 * ```
 */
export function useAggregate<const S extends Selection, G extends string = never>(
  map: string,
  filter: AggregateFilter<S, G>,
): AggregateResult<AggregateGroup<S, G>> {
  type Group = AggregateGroup<S, G>;
  const { snapshot, error } = useSnapshot<AggregateSnapshot<Group>, AggregateHandle<Group>>(
    (client) => aggregate(client, map, filter),
    NOTHING,
  );
  const { groups, completeness, isLoaded } = snapshot;
  const loading = !isLoaded && error === undefined;
  return useMemo(() => ({ groups, loading, error, completeness }), [groups, loading, error, completeness]);
}
