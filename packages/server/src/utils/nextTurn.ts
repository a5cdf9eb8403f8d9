/** Resolves in the next turn of the event loop, when what this one has said is written. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
