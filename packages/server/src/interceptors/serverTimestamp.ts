import { type Interceptor, replaceValues } from './Interceptor.js';

export interface ServerTimestampOptions {
  /** the field that is set in every value put that is an object */
  readonly field: string;
  /** the maps it is set in; all by default */
  readonly isStamped?: (map: string) => boolean;
  /** ms since the epoch; the machine's clock by default */
  readonly nowMs?: () => number;
}

/** Writes into each record when the server took it in, whatever the client says: a Date in the field. */
export function serverTimestamp(options: ServerTimestampOptions): Interceptor {
  const { field, isStamped = () => true, nowMs = Date.now } = options;
  return {
    name: 'serverTimestamp',
    onBeforeOp({ writes }) {
      const at = new Date(nowMs());
      let isOther = false;
      const values = writes.map(({ map, kind, value }) => {
        if (kind !== 'PUT' || !isStamped(map) || !isRecord(value)) return value;
        isOther = true;
        return { ...value, [field]: at };
      });
      return isOther ? replaceValues(values) : undefined;
    },
  };
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array);
