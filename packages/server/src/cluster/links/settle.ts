/** A link that both sides have authenticated, as far as it matters for which of two stays. */
export interface Settled {
  /** of the node at the other end */
  readonly boot: string;
  /** name of the node that dialled */
  readonly dialler: string;
}

/**
 * Whether a new link to a node takes the place of the one that there is (CLU-40). Both ends come to the same answer: of two links that were dialled from
 * both sides at once the one stays that the earlier name dialled; of two of one dialler the newer one, for who dials knows that the older is
 * gone; and another start of the node has no use for a link to the one before.
 */
export function replaces(made: Settled, there: Settled, names: readonly [string, string]): boolean {
  if (made.boot !== there.boot || made.dialler === there.dialler) return true;
  return made.dialler === [...names].sort()[0];
}
