import { TopGunError } from '@topgun/core';
import { nodesText } from '../clusterText.js';
import type { LocalCluster } from './LocalCluster.js';

type Node = LocalCluster['nodes'][number];

/** One thing that can be done to a running cluster. */
type Order = {
  /** how it is said */
  readonly usage: string;
  readonly help: string;
} & (
  | { readonly nodes: 0; readonly run: (cluster: LocalCluster) => Promise<string> }
  | {
      readonly nodes: 1;
      readonly run: (node: Node) => Promise<void>;
      /** said of the node when it is done */
      readonly done: string;
    }
  | {
      readonly nodes: 2;
      readonly run: (cluster: LocalCluster, one: Node, other: Node) => Promise<void>;
      readonly done: string;
    }
);

const orders: Readonly<Record<string, Order>> = {
  status: { usage: 'status', help: 'what runs, and what the cluster says', nodes: 0, run: statusOf },
  kill: {
    usage: 'kill <n>',
    help: 'end a node at once, as a crash does',
    nodes: 1,
    run: (node) => node.kill(),
    done: 'is dead',
  },
  pause: {
    usage: 'pause <n>',
    help: 'hold a node, as a machine that hangs does',
    nodes: 1,
    run: (node) => node.pause(),
    done: 'is held',
  },
  cont: { usage: 'cont <n>', help: 'let it go on', nodes: 1, run: (node) => node.resume(), done: 'goes on' },
  cut: {
    usage: 'cut <n> <m>',
    help: 'carry nothing between two nodes',
    nodes: 2,
    run: async (cluster, one, other) => cluster.cut(one, other),
    done: 'do not hear each other',
  },
  mend: {
    usage: 'mend <n> <m>',
    help: 'carry again',
    nodes: 2,
    run: async (cluster, one, other) => cluster.mend(one, other),
    done: 'hear each other again',
  },
  stop: {
    usage: 'stop <n>',
    help: 'stop a node in order',
    nodes: 1,
    run: (node) => node.stop(),
    done: 'has stopped',
  },
  start: {
    usage: 'start <n>',
    help: 'start one that is gone',
    nodes: 1,
    run: (node) => node.start(),
    done: 'runs',
  },
};

/** All of it, for a person. */
export const menuText = [
  ...Object.values(orders).map(({ usage, help }) => [usage, help] as const),
  ['quit', 'stop everything'] as const,
]
  .map(([usage, help]) => `  ${usage.padEnd(14)}${help}\n`)
  .join('');

/** Does what a line says, and resolves with what is to be told; `quit` is not among it. What went wrong is told, not thrown. */
export async function obey(cluster: LocalCluster, line: string): Promise<string> {
  const [word = '', ...names] = line.trim().split(/\s+/);
  if (word === '') return '';
  const order = Object.hasOwn(orders, word) ? orders[word] : undefined;
  if (order === undefined) return `${word === 'help' ? '' : `There is no "${word}".\n`}${menuText}`;
  if (names.length !== order.nodes) return `It is said: ${order.usage}\n`;
  try {
    return `${await done(cluster, order, names)}\n`;
  } catch (error) {
    if (error instanceof TopGunError) return `${error.code} ${error.message}\n`;
    throw error;
  }
}

async function done(cluster: LocalCluster, order: Order, names: readonly string[]): Promise<string> {
  if (order.nodes === 0) return order.run(cluster);
  const nodes = names.map((name) => cluster.node(name));
  const [one, other] = nodes as [Node, Node];
  if (one === other) return `It is said: ${order.usage}, of two nodes`;
  if (order.nodes === 1) await order.run(one);
  else await order.run(cluster, one, other);
  return `${nodes.map(({ name }) => name).join(' and ')} ${order.done}`;
}

async function statusOf(cluster: LocalCluster): Promise<string> {
  const processes = cluster.nodes
    .map(({ name, state, url }) => `  ${name}  ${state.padEnd(8)}  ${url}\n`)
    .join('');
  const cuts = cluster.cuts.map((pair) => `  cut: ${pair}\n`).join('');
  const answer = await cluster.ask();
  if (answer === undefined) return `${processes}${cuts}no node answers`;
  const { degraded, unowned, moving } = answer;
  const well = degraded.length === 0 ? 'well' : degraded.join(', ');
  return `${processes}${cuts}${nodesText(answer)}${well}; ${unowned} partitions without an owner, ${moving} moving`;
}
