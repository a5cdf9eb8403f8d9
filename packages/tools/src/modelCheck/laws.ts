import { Violation } from './ModelDatabase.js';
import { actsAsOwner, type World } from './World.js';

/** Throws when two act as the owner of one partition. */
export function checkOwners({ servers, tables, now }: World): void {
  for (const { pid } of tables.map.owners) {
    const owners = servers.filter((server) => actsAsOwner(server, pid, now)).map(({ name }) => name);
    if (owners.length > 1)
      throw new Violation(`${owners.join(' and ')} both act as the owner of partition ${pid}`);
  }
}

/** Every partition takes ops in somewhere. */
export const isServed = ({ servers, tables, now }: World): boolean =>
  tables.map.owners.every(({ pid }) => servers.some((server) => actsAsOwner(server, pid, now)));

/** Who is up, and is not about to go, owns its share of the partitions to within one (CLU-11). */
export function isShared({ servers, tables, now }: World): boolean {
  const shares = servers
    .filter(({ isUp, state }) => isUp && state.wants === 'serve')
    .map((server) => tables.map.owners.filter(({ pid }) => actsAsOwner(server, pid, now)).length);
  return Math.max(...shares) - Math.min(...shares) <= 1;
}
