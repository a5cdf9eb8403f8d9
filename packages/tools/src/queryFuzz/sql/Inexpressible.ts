/** SQL cannot say this as the predicate language means it; the message says why. */
export class Inexpressible extends Error {}
