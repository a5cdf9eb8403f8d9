/** Runs synchronous work during which nobody may ask the real clock, real chance or real timers: whoever does gets an error. */
export function withoutAmbience<T>(work: () => T): T {
  const restore = [
    ...(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const).map((name) =>
      forbid(globalThis, name),
    ),
    forbid(Math, 'random'),
    forbid(performance, 'now'),
    forbid(crypto, 'getRandomValues'),
    forbid(crypto, 'randomUUID'),
    replace(globalThis, 'Date', CalendarOnly),
  ];
  try {
    return work();
  } finally {
    for (const put of restore) put();
  }
}

const RealDate = Date;

/** Dates that were named may be computed with; the present may not be asked for. */
const CalendarOnly = new Proxy(RealDate, {
  construct(target, args: readonly unknown[], newTarget) {
    if (args.length === 0) throw ambient('new Date()');
    return Reflect.construct(target, args, newTarget) as object;
  },
  apply() {
    throw ambient('Date()');
  },
  get(target, name, receiver) {
    if (name !== 'now') return Reflect.get(target, name, receiver) as unknown;
    return () => {
      throw ambient('Date.now');
    };
  },
});

const ambient = (what: string): Error => new Error(`SIM-9: ${what} was called inside a simulated run`);

function forbid<T extends object>(owner: T, name: keyof T & string): () => void {
  return replace(owner, name, () => {
    throw ambient(name);
  });
}

function replace<T extends object>(owner: T, name: keyof T & string, value: unknown): () => void {
  const shipped = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (shipped === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, shipped);
  };
}
