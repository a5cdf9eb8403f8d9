/**
 * A deep copy of an admitted value, so that the app may go on changing what it passed in.
 *
 * Objects are copied by spread and arrays by slice, which engines do as one block and in the compact layout of a
 * literal; only nested parts are then replaced.
 */
export function cloneAdmitted<V>(value: V): V {
  // The copy has the shape of what it copies, which no signature can say for a value of unknown type.
  return typeof value === 'object' && value !== null ? (cloneObject(value) as V) : value;
}

function cloneObject(value: object): object {
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice();
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (typeof item === 'object' && item !== null) items[i] = cloneObject(item);
    }
    return items;
  }
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Uint8Array) return value.slice();
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const field = copy[name];
    if (typeof field === 'object' && field !== null) copy[name] = cloneObject(field);
  }
  return copy;
}
