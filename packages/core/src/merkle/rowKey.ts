/**
 * The item key of an OR element in trees and on the wire: its record key and tag as one string.
 *
 * The key's length stands in front, so no key or tag, whatever it contains, can be taken for another pair.
 */
export function rowKey(key: string, tag: string): string {
  return `${key.length}:${key}${tag}`;
}

/** The record key and tag of what `rowKey` made; undefined for any other string. */
export function splitRowKey(itemKey: string): { key: string; tag: string } | undefined {
  const match = /^(0|[1-9]\d{0,8}):/.exec(itemKey);
  if (match === null) return undefined;
  const start = match[0].length;
  const end = start + Number(match[1]);
  return end > itemKey.length ? undefined : { key: itemKey.slice(start, end), tag: itemKey.slice(end) };
}
