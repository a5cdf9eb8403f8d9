import type { StoredRecord } from './Store.js';

/**
 * Names a record within its partition. Neither map names nor tags can hold a NUL, so putting the key last keeps the
 * parts apart whatever the key holds.
 */
export function itemId(map: string, key: string, tag: string | undefined): string {
  return `${map}\0${tag ?? ''}\0${key}`;
}

export function itemIdOf(
  record: Pick<StoredRecord, 'map' | 'key'> & { readonly tag?: string | undefined },
): string {
  return itemId(record.map, record.key, record.tag);
}

/** Names the dedup state of a (client, session) within its partition; both are base64url. */
export function dedupId(clientId: string, session: string): string {
  return `${clientId}:${session}`;
}
