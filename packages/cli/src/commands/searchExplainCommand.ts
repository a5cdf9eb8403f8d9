import { normalizeTextQuery, type TextSearchOptions } from '@topgun/core';
import { explainText, miniSearchIndex } from '@topgun/search';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliIo } from '../CliIo.js';
import { withMap } from '../search/withMap.js';
import { DEFAULT_URL, socketUrl } from '../serverAddress.js';

interface Options {
  readonly fields: Readonly<Record<string, number>>;
  readonly limit: number;
  readonly minScore: number;
  readonly prefix: 'no' | 'last' | 'all';
  readonly fuzzy: 0 | 1 | 2;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly url: string;
  readonly token?: string;
}

export function addSearchExplainCommand(program: Command, io: CliIo): void {
  program
    .command('search:explain')
    .summary('Show what a full-text search finds, and why.')
    .description(
      'Fetches what the token may read of a map, as a device would, searches it here and shows the terms of the query and what the score of each hit is made of.',
    )
    .argument('<map>', 'Map to search.')
    .argument('<query>', 'Words to search for.')
    .requiredOption('--fields <list>', 'Fields with their boosts: title:2,body', boostsOf)
    .option('--limit <count>', 'Hits at most.', Number, 10)
    .option('--min-score <score>', 'Leave out hits that score less.', Number, 0)
    .addOption(
      new Option('--prefix <which>', 'Words that are found by their beginning, too.')
        .choices(['no', 'last', 'all'])
        .default('no'),
    )
    .option('--fuzzy <count>', 'Differences that are forgiven: 0, 1 or 2.', Number, 0)
    .option('--all', 'Each word must be found; without it one is enough.')
    .option('--json', 'Print the parts of the scores as JSON.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token that may read the map (TOPGUN_TOKEN).')
    .addHelpText(
      'after',
      "\nExamples:\n  $ topgun search:explain notes 'red wine' --fields title:2,body\n  $ topgun search:explain cities 'san fra' --fields name --prefix last --fuzzy 1 --json\n",
    )
    .action(async (map: string, text: string, options: Options) => {
      io.out(await explain(map, text, options, io));
    });
}

async function explain(map: string, text: string, options: Options, io: CliIo): Promise<string> {
  const query = normalizeTextQuery(searchOf(text, options));
  const target = { map, url: socketUrl(options.url), token: options.token ?? io.env.TOPGUN_TOKEN };
  return withMap(target, (client) => {
    const index = miniSearchIndex(query.paths);
    for (const [key, value] of client.getMap<unknown>(map).entries()) index.put(key, value);
    const matches = index.explain(query);
    return options.json
      ? `${JSON.stringify({ terms: query.terms, documents: index.size, matches }, null, 2)}\n`
      : explainText({ query, documents: index.size, matches });
  });
}

const searchOf = (query: string, options: Options): TextSearchOptions => ({
  query,
  fields: options.fields,
  limit: options.limit,
  minScore: options.minScore,
  prefix: options.prefix === 'last' ? 'last' : options.prefix === 'all',
  fuzzy: options.fuzzy,
  combine: options.all ? 'all' : 'any',
});

function boostsOf(list: string): Readonly<Record<string, number>> {
  const fields = list.split(',').map((field): [string, number] => {
    const [, path, boost = '1'] = /^(.*?)(?::([\d.]+))?$/.exec(field) ?? [];
    if (!path) throw new InvalidArgumentError('Allowed: paths, with a boost each or none: title:2,body');
    return [path, Number(boost)];
  });
  return Object.fromEntries(fields);
}
