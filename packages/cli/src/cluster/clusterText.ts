import type pc from 'picocolors';
import type { Cluster } from './clusterAnswer.js';

const remedies: Readonly<Record<string, string>> = {
  DATABASE: 'the database does not answer: look after PostgreSQL',
  FENCED: 'this node owns nothing: it could not renew its lease in time',
  REDIS: 'topics do not reach the other nodes: look after Redis',
  LINKS: 'a node that lives is not linked: look at the network between the nodes',
  UNOWNED: 'partitions have no owner: their writes wait',
};

/** Two columns more than the text, so that tables can be cut by eye and by `awk`. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

export function statusText(
  cluster: Cluster,
  url: string,
  colors: ReturnType<typeof pc.createColors>,
): string {
  const { node, nodes, coordinator, mapVersion, partitions, unowned, moving, degraded } = cluster;
  if (!cluster.isCluster)
    return `${colors.bold('TopGun')} at ${url}: ${node}, alone; it owns all ${partitions.length} partitions\n`;
  const of = (state: string): number => nodes.filter((each) => each.state === state).length;
  const others = ['JOINING', 'DRAINING'].flatMap((state) =>
    of(state) > 0 ? [`${of(state)} ${state.toLowerCase()}`] : [],
  );
  const well = degraded.length === 0 ? colors.green('well') : colors.yellow('degraded');
  const lines = [
    `${colors.bold('Cluster')} as ${node} at ${url} sees it: ${well}`,
    `  nodes        ${[`${of('ACTIVE')} active`, ...others].join(', ')}`,
    `  coordinator  ${coordinator ?? 'nobody'}`,
    `  partitions   ${partitions.length - unowned} owned, ${unowned} without an owner, ${moving} moving`,
    `  map          version ${mapVersion}`,
    ...degraded.map((fault) => `  ${colors.yellow(fault)}  ${remedies[fault] ?? 'see the log of the node'}`),
  ];
  return `${lines.join('\n')}\n`;
}

export function nodesText({ nodes, coordinator, node: self }: Cluster): string {
  const notes = (name: string): string =>
    [...(name === coordinator ? ['coordinator'] : []), ...(name === self ? ['asked'] : [])].join(', ');
  return table([
    ['NODE', 'STATE', 'OWNS', 'LEASE', 'LINK', 'ADDRESS', 'NOTE'],
    ...nodes.map(({ name, state, owned, leaseAgeMs, isLinked, address }) => [
      name,
      state,
      String(owned),
      leaseAgeMs === undefined ? '-' : `${(leaseAgeMs / 1000).toFixed(1)} s`,
      isLinked ? 'up' : 'DOWN',
      address === '' ? '-' : address,
      notes(name),
    ]),
  ]);
}

/** Numbers as ranges: `0-2, 5`. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const each of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === each - 1) last[1] = each;
    else found.push([each, each]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

/** A paragraph per owner, then who moves where; `columns` wide. */
export function partitionsText(
  { nodes, partitions }: Cluster,
  columns: number,
  only: string | undefined,
): string {
  const names = [...nodes.map(({ name }) => name), null].filter(
    (name) => only === undefined || name === only,
  );
  const parts = names.flatMap((name) => {
    const owned = [...partitions.keys()].filter((pid) => partitions[pid]?.node === name);
    if (name === null && owned.length === 0) return [];
    return [`${name ?? 'nobody'}: ${owned.length}\n${wrapped(ranges(owned), columns)}`];
  });
  const moving = partitions.flatMap(({ node, target }, pid) =>
    target === undefined || (only !== undefined && node !== only && target !== only)
      ? []
      : [`  ${pid}  ${node ?? 'nobody'} -> ${target}`],
  );
  return `${[...parts, ...(moving.length > 0 ? [`moving: ${moving.length}\n${moving.join('\n')}\n`] : [])].join('')}`;
}

function wrapped(list: string, columns: number): string {
  if (list === '') return '';
  const lines = [''];
  for (const part of list.split(', ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + part.length + 4 > columns && line !== '') lines.push(part);
    else lines[lines.length - 1] = line === '' ? part : `${line}, ${part}`;
  }
  return `${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
