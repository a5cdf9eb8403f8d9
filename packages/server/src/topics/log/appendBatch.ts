import type { Draft, Retention } from '../ports.js';

/** A message on its way into the log. */
export interface Appending {
  readonly draft: Draft;
  readonly sealed: Buffer;
  readonly retention: Retention;
}

/** Names of topics as the database has them. */
export const nameBytes = (topic: string): Buffer => Buffer.from(topic, 'utf8');

/** What `append_messages` is given of a group, behind the first three: columns of its messages, and its topics once each. */
export function appendBatch(group: readonly Appending[]): unknown[] {
  const indexes = new Map<string, number>();
  for (const { draft } of group) if (!indexes.has(draft.topic)) indexes.set(draft.topic, indexes.size + 1);
  let from = 1;
  const froms = group.map(({ sealed }) => {
    const at = from;
    from += sealed.length;
    return at;
  });
  return [
    [...indexes.keys()].map(nameBytes),
    group.map(({ draft }) => indexes.get(draft.topic)),
    group.map(({ draft }) => draft.id),
    froms,
    group.map(({ sealed }) => sealed.length),
    group.map(({ draft }) => draft.expiresMs ?? null),
    group.map(({ retention }) => retention.ageMs),
    group.map(({ retention }) => retention.count),
    group.map(({ retention }) => Math.min(retention.bytes, Number.MAX_SAFE_INTEGER)),
    group.map(({ retention }) => retention.whenFull === 'refuse'),
    Buffer.concat(group.map(({ sealed }) => sealed)),
  ];
}
