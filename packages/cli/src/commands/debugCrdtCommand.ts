import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { askServer, jsonOf, type ServerTarget } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { Replay } from '../debug/Replay.js';
import { type RowFormat, RowPrinter, rowFormats } from '../debug/RowPrinter.js';
import { type ExitCode, exitCodes } from '../exitCodes.js';
import { readRecords } from '../import/readRecords.js';
import { DEFAULT_URL } from '../serverAddress.js';

interface Options {
  readonly url: string;
  readonly token?: string;
  readonly format: RowFormat;
  readonly map?: string;
  readonly key?: string;
  readonly bucket: number;
  readonly until?: number;
}

const VERSION = ['t', 'node', 'stampMs', 'pid', 'epoch', 'n'] as const;
const COLUMNS = {
  operations: [
    'seq',
    'atMs',
    'map',
    'key',
    'op',
    'outcome',
    'conflict',
    'code',
    'reason',
    'by',
    'id',
    'part',
    ...VERSION,
    'base',
    'ttlMs',
    'tag',
    'value',
    'valueChars',
  ],
  export: [
    'map',
    'key',
    'tag',
    'kind',
    'value',
    'element',
    'total',
    'plus',
    'minus',
    'deleted',
    'expiresAt',
    'ttlMs',
    ...VERSION,
    'owner',
    'from',
    'repaired',
  ],
  stats: ['map', 'kind', 'present', 'deleted', 'expiring', 'bytes', 'latestMs', 'root', 'operations'],
  timeline: ['atMs', 'applied', 'superseded', 'changed', 'rejected', 'conflicts'],
  steps: ['seq', 'map', 'key', 'op', 'outcome', 'before', 'after', 'note'],
};

const POLL_MS = 300;
const rows = z.array(z.record(z.string(), z.unknown()));
const listSchema = (name: string) => z.looseObject({ [name]: rows });
const operationsSchema = z.looseObject({ operations: rows, next: z.string(), missed: z.number() });
const conflictsSchema = z.looseObject({ conflicts: rows, next: z.string(), missed: z.number() });
const exportSchema = z.looseObject({ rows, next: z.string().optional() });

export function addDebugCrdtCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  const debug = program
    .command('debug:crdt')
    .summary('Look into the data, writes and conflicts of a running server.')
    .description(
      'Looks into a running server whose setting `debug` is on, with a token that has the role ADMIN and may read the maps. `replay` needs no server.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun debug:crdt stats\n  $ topgun debug:crdt conflicts --map notes --format csv\n  $ topgun debug:crdt tail --map notes > ops.ndjson\n  $ topgun debug:crdt replay ops.ndjson --key n1\n',
    );
  const command = (name: string, summary: string): Command =>
    debug
      .command(name)
      .description(summary)
      .addOption(
        new Option('--format <name>', 'How rows are printed.').choices(rowFormats).default('ndjson'),
      );
  const asking = (name: string, summary: string): Command =>
    command(name, summary)
      .option('--url <address>', 'Address of the server.', DEFAULT_URL)
      .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN).')
      .option('--map <name>', 'Only of this map.');
  const target = ({ url, token }: Options): ServerTarget => ({ url, token: token ?? io.env.TOPGUN_TOKEN });

  asking('export', 'Print a map with stamps, offsets and deletions.').action(
    async (options: Options, self: Command) => {
      if (options.map === undefined) return self.error("error: required option '--map <name>' not specified");
      await exportMap(target(options), options, io);
    },
  );
  asking('stats', 'Print counts of each map.').action(async (options: Options) => {
    const printer = new RowPrinter(io.out, options.format, COLUMNS.stats);
    printer.print(await list(target(options), 'stats', 'maps', options));
    printer.end();
  });
  asking('conflicts', 'Print the writes that clashed with others.')
    .option('--key <key>', 'Only of this key.')
    .action(async (options: Options) => printConflicts(target(options), options, io));
  asking('timeline', 'Print the operations by outcome and time.')
    .option('--key <key>', 'Only of this key.')
    .option('--bucket <seconds>', 'Length of a step of time.', seconds, 60)
    .action(async (options: Options) => {
      const printer = new RowPrinter(io.out, options.format, COLUMNS.timeline);
      printer.print(await list(target(options), 'timeline', 'buckets', options));
      printer.end();
    });
  asking('tail', 'Print operations as they are decided, until it is stopped.')
    .option('--key <key>', 'Only of this key.')
    .action(async (options: Options) => tail(target(options), options, io));
  command('replay', 'Merge operations of a file into maps in memory, and print what each changed.')
    .argument('<file>', 'What `tail` or `export` printed as ndjson.')
    .option('--map <name>', 'Print steps of this map only.')
    .option('--key <key>', 'Print steps of this key only.')
    .option('--until <number>', 'Stop behind the operation of this number.', seconds)
    .action(async (file: string, options: Options) => {
      done(await replay(resolve(io.cwd, file), options, io));
    });
}

async function list(
  target: ServerTarget,
  door: string,
  name: string,
  options: Options,
): Promise<readonly object[]> {
  const query = queryOf(options, door === 'timeline' ? { bucketMs: String(options.bucket * 1000) } : {});
  const answer = await jsonOf(await askServer(target, `/api/debug/crdt/${door}?${query}`), listSchema(name));
  return answer[name] as readonly object[];
}

async function exportMap(target: ServerTarget, options: Options, io: CliIo): Promise<void> {
  const printer = new RowPrinter(io.out, options.format, COLUMNS.export);
  let next: string | undefined;
  do {
    const query = queryOf(options, next === undefined ? {} : { after: next });
    const page = await jsonOf(await askServer(target, `/api/debug/crdt/export?${query}`), exportSchema);
    printer.print(page.rows);
    next = page.next;
  } while (next !== undefined);
  printer.end();
}

async function printConflicts(target: ServerTarget, options: Options, io: CliIo): Promise<void> {
  const printer = new RowPrinter(io.out, options.format, COLUMNS.operations);
  let after = '0';
  for (;;) {
    const query = queryOf(options, { after });
    const page = await jsonOf(await askServer(target, `/api/debug/crdt/conflicts?${query}`), conflictsSchema);
    printer.print(page.conflicts);
    if (page.conflicts.length === 0) break;
    after = page.next;
  }
  printer.end();
}

async function tail(target: ServerTarget, options: Options, io: CliIo): Promise<void> {
  const printer = new RowPrinter(io.out, options.format, COLUMNS.operations);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let isStopped = false;
  const off = io.onStopSignal(() => {
    isStopped = true;
    stop();
  });
  try {
    // A number that is not reached yet: the answer says where the log ends.
    let after = Number.MAX_SAFE_INTEGER;
    let isFirst = true;
    while (!isStopped) {
      const query = queryOf(options, { after: String(after) });
      const page = await jsonOf(
        await askServer(target, `/api/debug/crdt/operations?${query}`),
        operationsSchema,
      );
      if (page.missed > 0 && !isFirst) io.err(`${page.missed} operations were missed\n`);
      printer.print(page.operations);
      const next = Number(page.next);
      // A server that was started again counts from the beginning.
      const isAnew = !isFirst && next < after;
      after = isAnew ? 0 : next;
      isFirst = false;
      if (page.operations.length === 0 && !isAnew) await Promise.race([pause(), stopped]);
    }
  } finally {
    off();
  }
  printer.end();
}

async function replay(path: string, options: Options, io: CliIo): Promise<ExitCode> {
  await stat(path).catch((error: unknown) => {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  });
  const printer = new RowPrinter(io.out, options.format, COLUMNS.steps);
  const replayed = new Replay();
  let bad = 0;
  for await (const found of readRecords(path, 'ndjson', [])) {
    const step = 'value' in found ? replayed.take(found.value) : undefined;
    if (step === undefined) {
      bad++;
      io.err(`line ${found.line}: no operation and no row with a stamp\n`);
      continue;
    }
    if (isMeant(step, options)) printer.print([step]);
    if (options.until !== undefined && step.seq >= options.until) break;
  }
  const state = replayed.state().filter((row) => isMeant(row, options));
  // In a CSV every line has the same columns.
  if (options.format === 'csv')
    printer.print(state.map(({ value, ...row }) => ({ ...row, op: 'STATE', after: value })));
  else printer.print(state.map((row) => ({ state: row })));
  printer.end();
  if (replayed.differing > 0)
    io.err(`${replayed.differing} operations came out differently than at the server\n`);
  return bad === 0 ? exitCodes.ok : exitCodes.failure;
}

const isMeant = (at: { readonly map: string; readonly key: string }, { map, key }: Options): boolean =>
  (map === undefined || at.map === map) && (key === undefined || at.key === key);

function queryOf({ map, key }: Options, rest: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams({
    ...(map !== undefined && { map }),
    ...(key !== undefined && { key }),
    ...rest,
  });
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

const seconds = (text: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1) return value;
  throw new InvalidArgumentError('Allowed: a whole number from 1.');
};
