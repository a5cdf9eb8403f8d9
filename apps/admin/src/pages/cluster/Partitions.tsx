import type { ClusterSight } from '../../api/answers.js';
import { COLOURS } from './Swatch.js';

/** Every partition as a cell in the colour of its owner: one without an owner is empty, one that moves has a mark of where it goes. */
export function Partitions({
  names,
  partitions,
}: {
  readonly names: readonly string[];
  readonly partitions: ClusterSight['partitions'];
}) {
  const colourOf = (name: string | null | undefined): number | undefined =>
    name === null || name === undefined ? undefined : names.indexOf(name) % COLOURS;
  return (
    <>
      <ul className="partitions" aria-label="Partitions by owner">
        {partitions.map(({ node, target, epoch }, pid) => {
          const goes = target === undefined ? '' : `, goes to ${target}`;
          return (
            <li
              // The place of a partition is its number.
              key={pid}
              data-testid="partition"
              data-colour={colourOf(node)}
              data-owner={node ?? ''}
              title={`${pid}: ${node ?? 'no owner'}${goes}, epoch ${epoch}`}
            >
              {target !== undefined && <i data-colour={colourOf(target)} />}
            </li>
          );
        })}
      </ul>
      <p className="quiet">
        Each cell is a partition. An outline without colour has no owner; a dot is the node that it goes to.
      </p>
    </>
  );
}
