import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres, startRedis } from '@topgun/server/local';
import { type Command, InvalidArgumentError } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { Control, notePath, tell } from '../cluster/local/control.js';
import { menuText, obey } from '../cluster/local/faultMenu.js';
import { LocalCluster } from '../cluster/local/LocalCluster.js';
import { findPostgres, findRedis } from '../cluster/local/programs.js';
import { forcedCodes } from '../exitCodes.js';

interface Options {
  readonly nodes: number;
  readonly databaseUrl?: string;
  /** false: `--no-redis` */
  readonly redis: boolean;
  readonly redisUrl?: string;
  readonly folder?: string;
  readonly port?: number;
  readonly logLevel: string;
}

/** A cluster is for more than one; more than this says nothing more on one machine. */
const NODES_MAX = 9;

/** `cluster:start` and `cluster:stop`: a cluster of processes on this machine, and what breaks it (CLI-60 to CLI-63). */
export function addClusterStartCommands(program: Command, io: CliIo): void {
  program
    .command('cluster:start')
    .summary('Run a cluster on this machine, and break it.')
    .description(
      'Runs a cluster for development on this machine: a process per node, over a PostgreSQL and a Redis that are given or started for it. Lines of standard input kill, pause and cut nodes.',
    )
    .option('-n, --nodes <count>', `Nodes, 1 to ${NODES_MAX}.`, numberUpTo(NODES_MAX), 3)
    .option('--database-url <url>', 'PostgreSQL to use (TOPGUN_DATABASE_URL); one is started when left out.')
    .option(
      '--redis-url <url>',
      'Redis to use (TOPGUN_REDIS_URL); one is started when left out, if there is a program.',
    )
    .option('--no-redis', 'Without Redis: topics travel on the links between the nodes.')
    .option('--folder <path>', 'Keeps all data there for the next start; a temporary folder when left out.')
    .option(
      '--port <number>',
      'Port of the first node, the others follow; free ones when left out.',
      numberUpTo(65_000),
    )
    .option('--log-level <level>', 'What nodes log: debug, info, warn, error or silent.', 'warn')
    .addHelpText(
      'after',
      `\nWhile it runs, a line says what happens:\n${menuText}\nExamples:\n  $ topgun cluster:start\n  $ topgun cluster:start -n 5 --port 8080 --folder ./cluster\n`,
    )
    .action((options: Options) => run(options, io));
  program
    .command('cluster:stop')
    .summary('Stop the cluster of cluster:start.')
    .description('Stops a cluster that `topgun cluster:start` runs, in order, and waits for its end.')
    .option('--folder <path>', 'Folder that it was started with.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun cluster:stop\n  $ topgun cluster:stop --folder ./cluster\n',
    )
    .action(async ({ folder }: { folder?: string }) => {
      await tell(notePath(folder, io.cwd), 'quit');
      io.out('stopped\n');
    });
}

async function run(options: Options, io: CliIo): Promise<void> {
  const { folder: given, nodes: count, port, logLevel } = options;
  let quit: () => void = () => undefined;
  const ended = new Promise<void>((done) => {
    quit = done;
  });
  let cluster: LocalCluster | undefined;
  // One order after the other, as a script says them; the end waits for none.
  let last: Promise<unknown> = Promise.resolve();
  const take = (line: string): Promise<string> => {
    if (line.trim() === 'quit') quit();
    const own = cluster;
    const answer = last.then(() => (own === undefined || line.trim() === 'quit' ? '' : obey(own, line)));
    last = answer.catch(() => undefined);
    return answer;
  };
  let asked = false;
  const offSignal = io.onStopSignal((signal) => {
    if (asked) return io.exitNow(forcedCodes[signal]);
    asked = true;
    quit();
  });
  const control = await Control.open(notePath(given, io.cwd), take);
  const folder =
    given === undefined ? mkdtempSync(join(tmpdir(), 'topgun-cluster-')) : resolve(io.cwd, given);
  mkdirSync(folder, { recursive: true });
  /** What was started, the last first to be stopped. */
  const begun: (() => Promise<void>)[] = [];
  const offLine = io.onLine((line) => void take(line).then((answer) => io.out(answer)));
  try {
    const services = await startServices(options, folder, given !== undefined, io, begun);
    cluster = await LocalCluster.start({
      ...services,
      count,
      port,
      folder,
      logLevel,
      clusterSecret: randomBytes(32).toString('hex'),
      command: [process.execPath, fileURLToPath(new URL('../main.js', import.meta.url))],
      env: io.env,
      onLine: (node, line) => io.err(`[${node}] ${line}\n`),
    });
    const own = cluster;
    begun.push(() => own.stop());
    for (const { name, url } of own.nodes) io.out(`${name}  ${url}/\n`);
    io.out(`dashboard  ${own.nodes[0]?.url}/admin/\n${menuText}`);
    await ended;
    io.err('Stopping all nodes. Once more to stop at once.\n');
  } finally {
    offLine();
    for (const stop of begun.reverse()) await stop();
    control.close();
    offSignal();
    if (given === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The database and the Redis that were named, or ones of its own. */
async function startServices(
  { databaseUrl, redis, redisUrl }: Options,
  folder: string,
  isKept: boolean,
  io: CliIo,
  begun: (() => Promise<void>)[],
): Promise<{ readonly databaseUrl: string; readonly redisUrl: string }> {
  const kept = (name: string) => (isKept ? { folder: join(folder, name) } : {});
  let database = databaseUrl ?? io.env.TOPGUN_DATABASE_URL ?? '';
  if (database === '') {
    const program = findPostgres(io.env);
    io.err(`Starting a PostgreSQL (${program}).\n`);
    const postgres = await started('PostgreSQL', () =>
      startPostgres({ program, durable: isKept, settings: ['max_connections=200'], ...kept('postgres') }),
    );
    begun.push(() => postgres.stop());
    database = postgres.url;
  }
  let bus = redis ? (redisUrl ?? io.env.TOPGUN_REDIS_URL ?? '') : '';
  const program = redis && bus === '' ? findRedis(io.env) : undefined;
  if (program !== undefined) {
    io.err(`Starting a Redis (${program}).\n`);
    const own = await started('Redis', () => startRedis({ program, ...kept('redis') }));
    begun.push(() => own.stop());
    bus = own.url;
  } else if (redis && bus === '')
    io.err('No Redis is on this machine: topics travel on the links between the nodes.\n');
  return { databaseUrl: database, redisUrl: bus };
}

async function started<T>(what: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw cliError('SERVICE_FAILED', `${what} did not start: ${why}`, error);
  }
}

const numberUpTo =
  (max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${max}.`);
  };
