/** Version of the protocol this build speaks. Raised with every change of the wire. */
export const PROTOCOL_VERSION = 5;

/** Oldest version this build still speaks. */
export const PROTOCOL_VERSION_MIN = 4;

/**
 * SHA-256 over the description of the wire (message table, field order, schemas). A test compares it: whoever
 * changes the wire raises PROTOCOL_VERSION first, then takes over the new hash.
 */
export const SCHEMA_HASH = '0736e1788f51f1ca95b38b562cebdcb139db49e704c072aeb5148fb9d067423f';

/**
 * The greatest version both ends speak, or undefined if there is none.
 *
 * `range` is `[min, max]` as a client names it in AUTH.
 */
export function negotiate(
  range: readonly [number, number],
  own: readonly [number, number] = [PROTOCOL_VERSION_MIN, PROTOCOL_VERSION],
): number | undefined {
  const version = Math.min(range[1], own[1]);
  return version >= range[0] && version >= own[0] ? version : undefined;
}
