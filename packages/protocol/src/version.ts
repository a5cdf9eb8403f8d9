/** Version of the protocol this build speaks. Raised with every change of the wire. */
export const PROTOCOL_VERSION = 3;

/** Oldest version this build still speaks. */
export const PROTOCOL_VERSION_MIN = 3;

/**
 * SHA-256 over the description of the wire (message table, field order, schemas). A test compares it: whoever
 * changes the wire raises PROTOCOL_VERSION first, then takes over the new hash.
 */
export const SCHEMA_HASH = 'ca39a1e10bae170ac12da7cf0f4d2dd25182368f529417f75459c1e8d602d49f';

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
