/** Version of the protocol this build speaks. Raised with every change of the wire. */
export const PROTOCOL_VERSION = 1;

/** Oldest version this build still speaks. */
export const PROTOCOL_VERSION_MIN = 1;

/**
 * SHA-256 over the description of the wire (message table, field order, schemas). A test compares it: whoever
 * changes the wire raises PROTOCOL_VERSION first, then takes over the new hash.
 */
export const SCHEMA_HASH = 'b480955eb01897b9f8c034454a5b5587887c831172e8be10d08c9124fa3e646f';

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
