/** Puts something in the place of a property; returns how to put back what was there. */
export function replaceProperty<T extends object>(
  owner: T,
  name: keyof T & string,
  value: unknown,
): () => void {
  const shipped = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (shipped === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, shipped);
  };
}

const RealDate = Date;

/** Dates that were named may be computed with; the present is what `nowMs` says, or throws. */
export const dateThatReads = (nowMs: (asked: string) => number): DateConstructor =>
  new Proxy(RealDate, {
    construct(target, args: readonly unknown[], newTarget) {
      const given = args.length === 0 ? [nowMs('new Date()')] : args;
      return Reflect.construct(target, given, newTarget) as object;
    },
    apply() {
      return new RealDate(nowMs('Date()')).toString();
    },
    get(target, name, receiver) {
      if (name !== 'now') return Reflect.get(target, name, receiver) as unknown;
      return () => nowMs('Date.now');
    },
  });
