import type { Resolver } from '@topgun/server/engine';
import { Resolvers } from '@topgun/server/engine';
import { JUDGED } from '../workload/maps.js';

/** An app's own resolver, and no idempotent one: amounts add up, and what would fall below zero is refused. */
const add: Resolver = ({ existing, incoming }) => {
  const sum = Number(existing?.value ?? 0) + Number(incoming.value);
  return sum < 0 ? { action: 'reject', reason: 'There is not enough.' } : { action: 'merge', value: sum };
};

/** Which of them judges which map, as the configuration of the server says. */
export const judges = (): Resolvers =>
  new Resolvers(
    [
      { map: JUDGED.stock, resolver: 'NON_NEGATIVE' },
      { map: JUDGED.joined, resolver: 'ARRAY_UNION' },
      { map: JUDGED.sums, resolver: 'add' },
    ],
    { add },
  );
