/** A value made of fields: a plain object, as every admitted object is that is no array, date or binary. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  );
}

/** Whether the value has a field that is not in the set. */
export function outsideOf(value: Readonly<Record<string, unknown>>, fields: ReadonlySet<string>): boolean {
  return Object.keys(value).some((name) => !fields.has(name));
}

/** The fields in the set, or with `inside` false those outside of it. A field named `__proto__` stays a field. */
export function onlyFields(
  value: Readonly<Record<string, unknown>>,
  fields: ReadonlySet<string>,
  inside = true,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => fields.has(name) === inside));
}

/** The fields of both, which have none in common. */
export function keepFields(
  kept: Readonly<Record<string, unknown>>,
  named: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...Object.entries(kept), ...Object.entries(named)]);
}
