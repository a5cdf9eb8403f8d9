import type { HandleContext } from './handles/HandleContext.js';

/** By client. */
const contexts = new WeakMap<object, HandleContext>();

/** Lets the functions of this package that take a client reach what its handles stand on. */
export function setContext(client: object, context: HandleContext): void {
  contexts.set(client, context);
}

/** What the handles of a client stand on. */
export function contextOf(client: object): HandleContext {
  // Set by the constructor of every client.
  return contexts.get(client) as HandleContext;
}
