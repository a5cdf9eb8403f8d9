import type { Command } from 'commander';
import pc from 'picocolors';
import type { ServerTarget } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { askCluster, askDrain, askRebalance } from '../cluster/clusterAnswer.js';
import { nodesText, partitionsText, statusText } from '../cluster/clusterText.js';
import { waitForDrain } from '../cluster/waitForDrain.js';
import { type ExitCode, exitCodes } from '../exitCodes.js';
import { DEFAULT_URL } from '../serverAddress.js';

interface Options {
  readonly url: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** `cluster:status`, `cluster:nodes`, `cluster:partitions`, `cluster:drain`, `cluster:rebalance`: any node of the cluster is asked (CLI-50 to CLI-52). */
export function addClusterCommands(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  const target = ({ url, token = io.env.TOPGUN_TOKEN }: Options): ServerTarget => ({ url, token });
  const json = (value: unknown): void => io.out(`${JSON.stringify(value)}\n`);
  const add = (name: string, summary: string, description: string, examples: readonly string[]): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .option('--url <address>', 'Address of any node.', DEFAULT_URL)
      .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN).')
      .option('--json', 'Print JSON.')
      .addHelpText(
        'after',
        `${name === 'cluster:status' ? '\nExit code 0 when all is well, 3 when something is degraded.\n' : ''}\nExamples:\n${examples.map((example) => `  $ topgun ${name}${example}\n`).join('')}`,
      );

  add(
    'cluster:status',
    'Ask a node how its cluster is.',
    'Says how the cluster is, as the asked node sees it: nodes, coordinator, partitions without an owner or on their way, and what is degraded.',
    ['', ' --url https://node-2.example.org --json'],
  ).action(async (options: Options) => {
    const cluster = await askCluster(target(options));
    if (options.json) json(cluster);
    else io.out(statusText(cluster, options.url, pc.createColors(io.color)));
    done(cluster.degraded.length === 0 ? exitCodes.ok : exitCodes.unhealthy);
  });

  add(
    'cluster:nodes',
    'List the nodes of a cluster.',
    'Lists the nodes: state, partitions owned, age of the lease, whether the asked node is linked to it, and the address of its links.',
    ['', ' --json'],
  ).action(async (options: Options) => {
    const cluster = await askCluster(target(options));
    if (options.json) json(cluster.nodes);
    else io.out(nodesText(cluster));
  });

  add(
    'cluster:partitions',
    'Show who owns which partitions.',
    'Shows who owns which partitions, and which are on their way to whom.',
    ['', ' --node node-2'],
  )
    .option('--node <name>', 'Only those of this node.')
    .action(async (options: Options & { node?: string }) => {
      const { node, json: isJson } = options;
      const cluster = await askCluster(target(options));
      if (node !== undefined && !cluster.nodes.some(({ name }) => name === node))
        throw cliError('NODE_UNKNOWN', `The cluster has no node ${node}.`);
      const rows = cluster.partitions.map((partition, pid) => ({ pid, ...partition }));
      if (isJson) json(rows.filter((row) => node === undefined || row.node === node || row.target === node));
      else io.out(partitionsText(cluster, io.columns, node));
    });

  add(
    'cluster:drain',
    'Have a node give its partitions away.',
    'Has a node give its partitions to the others, as before it is stopped. It goes on serving its clients; start it again to undo it.',
    [' node-2', ' node-2 --wait && ssh node-2 systemctl restart topgun'],
  )
    .argument('<node>', 'Name of the node.')
    .option('--wait', 'Come back when it owns nothing.')
    .action(async (node: string, options: Options & { wait?: boolean }) => {
      const to = target(options);
      let owned = await askDrain(to, node);
      if (options.wait) owned = await waitForDrain(() => askCluster(to), node, io);
      if (options.json) json({ node, owned });
      else
        io.out(
          owned === 0 ? `${node} owns nothing\n` : `${node} gives away ${owned} ${partitionsOf(owned)}\n`,
        );
    });

  add(
    'cluster:rebalance',
    'Spread the partitions evenly.',
    'Has the cluster look again whether its partitions lie evenly. It does so by itself when a node comes or goes.',
    ['', ' --json'],
  ).action(async (options: Options) => {
    const moves = await askRebalance(target(options));
    if (options.json) json({ moves });
    else io.out(moves === 0 ? 'nothing to move\n' : `${moves} ${partitionsOf(moves)} to move\n`);
  });
}

const partitionsOf = (count: number): string => (count === 1 ? 'partition' : 'partitions');
