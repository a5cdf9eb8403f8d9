type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];
type Method<T, K extends keyof T> = T[K] extends (...args: infer A) => infer R
  ? (this: T, ...args: A) => R
  : never;

/** Replaces a method of a class for everybody; returns how to put the shipped one back. */
export function replaceMethod<T extends object, K extends Methods<T> & string>(
  type: { readonly prototype: T },
  name: K,
  make: (shipped: Method<T, K>) => Method<T, K>,
): () => void {
  const { prototype } = type;
  const shipped = Object.getOwnPropertyDescriptor(prototype, name);
  if (shipped === undefined) throw new Error(`${name} is not a method of this class`);
  // The descriptor was just found under the name of a method.
  Object.defineProperty(prototype, name, { ...shipped, value: make(shipped.value as Method<T, K>) });
  return () => Object.defineProperty(prototype, name, shipped);
}

/** Replaces a getter of a class for everybody; returns how to put the shipped one back. */
export function replaceGetter<T extends object, K extends keyof T & string>(
  type: { readonly prototype: T },
  name: K,
  make: (shipped: (this: T) => T[K]) => (this: T) => T[K],
): () => void {
  const { prototype } = type;
  const shipped = Object.getOwnPropertyDescriptor(prototype, name);
  if (shipped?.get === undefined) throw new Error(`${name} is not a getter of this class`);
  // The descriptor was just found under the name of a getter.
  Object.defineProperty(prototype, name, { ...shipped, get: make(shipped.get as (this: T) => T[K]) });
  return () => Object.defineProperty(prototype, name, shipped);
}
