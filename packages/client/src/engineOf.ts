import type { RealmEngine } from './engine/RealmEngine.js';

/** Where a client keeps its engine, for what the package offers beside it. */
export const ENGINE: unique symbol = Symbol('engine');

export const engineOf = (client: { readonly [ENGINE]: RealmEngine }): RealmEngine => client[ENGINE];
