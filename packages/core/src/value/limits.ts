/** What one value may cost. */
export interface ValueLimits {
  /** Levels of arrays and objects, the value itself being the first. */
  readonly depth: number;
  /** Scalars, arrays and objects in the whole value. */
  readonly nodes: number;
  /** UTF-8 bytes of one string, or bytes of one Uint8Array. */
  readonly textBytes: number;
}

/** The limits of a stored value. They lie below those of the wire's pre-scan, so what a device stores can be sent. */
export const VALUE_LIMITS: ValueLimits = {
  depth: 24,
  nodes: 20_000,
  textBytes: 256 * 1024,
};

/** The longest name of a field, in UTF-8 bytes: what the wire's pre-scan lets through. */
export const NAME_BYTES_MAX = 256;

/** The longest key of a record, in UTF-8 bytes: keys are held in memory and travel with every op. */
export const KEY_BYTES_MAX = 512;
