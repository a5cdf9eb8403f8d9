import type { QueryHandle, TopGunClient } from '@topgun/client';
import { normalizeQuery, type QueryFilter } from '@topgun/core';
import { linearRegex } from '@topgun/search/regex';
import { type Command, InvalidArgumentError } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { explainOnServer } from '../query/explainOnServer.js';
import { changeLine, rowLine } from '../query/rowText.js';
import { withMap } from '../search/withMap.js';
import { DEFAULT_URL, socketUrl } from '../serverAddress.js';

interface Options {
  readonly sort?: readonly (readonly [string, 'asc' | 'desc'])[];
  readonly limit?: number;
  readonly live?: boolean;
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly url: string;
  readonly token?: string;
}

export function addQueryCommand(program: Command, io: CliIo): void {
  program
    .command('query')
    .summary('Ask a running server for rows of a map.')
    .description(
      'Asks a running server for the rows of a map that meet a filter, as a device would, and prints them in order. The filter is that of client.query, as JSON.',
    )
    .argument('<map>', 'Map to ask.')
    .argument(
      '[filter]',
      'JSON object such as {"done":false,"priority":{"$gte":3}}; all rows without it.',
      filterOf,
      {},
    )
    .option('--sort <list>', 'Fields to sort by, the weightiest first: dueAt:desc,title', sortOf)
    .option('--limit <count>', 'Rows at most.', countOf)
    .option('--live', 'Go on with the changes of the result until Ctrl-C.')
    .option('--explain', 'Print how the server finds the rows instead of the rows; for the role ADMIN.')
    .option('--json', 'Print one JSON object per line.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token that may read the map (TOPGUN_TOKEN).')
    .addHelpText(
      'after',
      '\nExit code 2 when the filter is wrong, 3 when the server cannot be reached.\n\nExamples:\n  $ topgun query todos\n  $ topgun query todos \'{"done":false}\' --sort dueAt:desc,title --limit 20\n  $ topgun query todos \'{"owner.id":"ann"}\' --live --json\n  $ topgun query todos \'{"done":false}\' --explain\n',
    )
    .action(async (map: string, where: QueryFilter['where'], options: Options) => {
      const { sort, limit } = options;
      const filter: QueryFilter = { ...(where && { where }), ...(sort && { sort }), ...(limit && { limit }) };
      // Before the server is asked for: a wrong filter is the likelier mistake.
      normalizeQuery(filter, { regex: linearRegex });
      await (options.explain ? explain(map, filter, options, io) : run(map, filter, options, io));
    });
}

async function explain(map: string, filter: QueryFilter, options: Options, io: CliIo): Promise<void> {
  const { url, json } = options;
  socketUrl(url);
  const { text, explanation } = await explainOnServer({ map, url, token: tokenOf(options, io) }, filter);
  io.out(json ? `${JSON.stringify(explanation)}\n` : `${text}\n`);
}

async function run(map: string, filter: QueryFilter, options: Options, io: CliIo): Promise<void> {
  const isJson = options.json === true;
  const target = { map, url: socketUrl(options.url), token: tokenOf(options, io) };
  let handle: QueryHandle<unknown> | undefined;
  const open = (client: TopGunClient): void => {
    handle = client.query<unknown>(map, filter);
    handle.onSnapshot(() => undefined);
  };
  await withMap(
    target,
    async () => {
      const query = handle as QueryHandle<unknown>;
      await complete(query);
      for (const row of query.getResults()) io.out(rowLine(row, isJson));
      if (options.live !== true) return;
      query.onChanges((changes) => {
        for (const change of changes) io.out(changeLine(change, isJson));
      });
      await stopped(io);
    },
    open,
  );
}

const tokenOf = ({ token }: Options, io: CliIo): string | undefined => token ?? io.env.TOPGUN_TOKEN;

/** Resolves when the server's rows are in. */
function complete(query: QueryHandle<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (query.completeness !== 'complete') return;
      end();
      resolve();
    };
    const end = query.onSnapshot(look);
    look();
  });
}

function stopped(io: CliIo): Promise<void> {
  return new Promise((resolve) => {
    const off = io.onStopSignal(() => {
      off();
      resolve();
    });
  });
}

function filterOf(text: string): unknown {
  let filter: unknown;
  try {
    filter = JSON.parse(text);
  } catch (error) {
    throw cliError('FILTER_INVALID', `The filter is no JSON: ${text.slice(0, 100)}`, error);
  }
  if (typeof filter === 'object' && filter !== null && !Array.isArray(filter)) return filter;
  throw cliError('FILTER_INVALID', `The filter is no JSON object: ${text.slice(0, 100)}`);
}

function sortOf(list: string): readonly (readonly [string, 'asc' | 'desc'])[] {
  return list.split(',').map((field) => {
    const [, path = '', direction = 'asc'] = /^(.*?)(?::(asc|desc))?$/.exec(field) ?? [];
    if (path === '') throw new InvalidArgumentError('Allowed: fields, each with :asc or :desc or neither.');
    return [path, direction === 'desc' ? 'desc' : 'asc'] as const;
  });
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Allowed: a whole number from 1 on.');
}
