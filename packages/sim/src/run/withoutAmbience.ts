import { dateThatReads, replaceProperty } from './replaceGlobals.js';

/** Runs synchronous work during which nobody may ask the real clock, real chance or real timers: whoever does gets an error. */
export function withoutAmbience<T>(work: () => T): T {
  const restore = forbidAmbience();
  try {
    return work();
  } finally {
    restore();
  }
}

/** From now on nobody may; returns how to end that. */
export function forbidAmbience(): () => void {
  const restore = [
    ...(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const).map((name) =>
      forbid(globalThis, name),
    ),
    forbid(Math, 'random'),
    forbid(performance, 'now'),
    forbid(crypto, 'getRandomValues'),
    forbid(crypto, 'randomUUID'),
    replaceProperty(
      globalThis,
      'Date',
      dateThatReads((asked) => {
        throw ambient(asked);
      }),
    ),
  ];
  return () => {
    for (const put of restore) put();
  };
}

const ambient = (what: string): Error => new Error(`SIM-9: ${what} was called inside a simulated run`);

function forbid<T extends object>(owner: T, name: keyof T & string): () => void {
  return replaceProperty(owner, name, () => {
    throw ambient(name);
  });
}
