/** How many colours there are; nodes beyond that begin again. */
export const COLOURS = 8;

/** The colour of a node, by its place in the list. */
export function Swatch({ at }: { readonly at: number }) {
  return <i className="swatch" data-colour={at % COLOURS} aria-hidden="true" />;
}
