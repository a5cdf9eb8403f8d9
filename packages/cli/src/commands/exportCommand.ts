import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ServerTarget } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { type ExitCode, exitCodes, forcedCodes } from '../exitCodes.js';
import { CSV_FIELDS_MAX, csvHead, csvLines, fieldsOf } from '../export/csv.js';
import { ExportFile } from '../export/ExportFile.js';
import { folderPages, type Page, serverPages } from '../export/pages.js';
import { DEFAULT_URL } from '../serverAddress.js';

interface Options {
  readonly all?: boolean;
  readonly out?: string;
  readonly format: 'jsonl' | 'csv';
  readonly fields?: readonly string[];
  readonly resume?: boolean;
  readonly url: string;
  readonly token?: string;
  readonly dataDir?: string;
}

const PROGRESS_ROWS = 100_000;

export function addExportCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  program
    .command('export')
    .summary('Write maps of a server to a file, as JSON Lines or CSV.')
    .description(
      'Writes what the token may read of maps of a running server, or what the data folder of a stopped one holds, a row a line. `topgun import` takes the file as it is. Maps that change meanwhile are exported row by row, not at one moment: for that there is `topgun backup`.',
    )
    .argument('[maps...]', 'Maps to export.')
    .option('--all', 'All maps that the token may read.')
    .option('--out <file>', 'File to write; standard output when left out.')
    .addOption(
      new Option('--format <name>', 'csv: one map of records, its fields as columns.')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option(
      '--fields <names>',
      'Columns of a CSV, separated by commas; else all fields there are.',
      (text: string) => text.split(','),
    )
    .option('--resume', 'Go on with a file whose export was interrupted.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token that may read the maps (TOPGUN_TOKEN).')
    .option('--data-dir <path>', 'Folder of a stopped server, to be read instead.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun export todos --out todos.jsonl\n  $ topgun export --all --out everything.jsonl --url https://data.example.org\n  $ topgun export people --format csv --fields name,email\n  $ topgun export --all --data-dir /var/lib/topgun --out rescued.jsonl\n',
    )
    .action(async (maps: string[], options: Options, command: Command) => {
      if ((options.all === true) === maps.length > 0) return command.error('error: name maps, or --all');
      if (options.format === 'csv' && maps.length !== 1) return command.error('error: a CSV holds one map');
      if (options.resume === true && (options.out === undefined || options.format === 'csv'))
        return command.error('error: --resume goes with --out, and not with csv');
      done(await exportMaps(options.all === true ? undefined : maps, options, io));
    });
}

async function exportMaps(
  maps: readonly string[] | undefined,
  options: Options,
  io: CliIo,
): Promise<ExitCode> {
  const server: ServerTarget = { url: options.url, token: options.token ?? io.env.TOPGUN_TOKEN };
  const folder = options.dataDir === undefined ? undefined : resolve(io.cwd, options.dataDir);
  const pages = (from?: string): AsyncGenerator<Page> =>
    folder === undefined ? serverPages(server, maps, from) : folderPages(folder, maps, from);
  const fields = options.format === 'csv' ? (options.fields ?? (await fieldsIn(pages()))) : undefined;
  const textOf = ({ rows }: Page): string =>
    fields === undefined ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : csvLines(rows, fields);
  const head = fields === undefined ? '' : csvHead(fields);
  if (options.out === undefined) {
    io.out(head);
    for await (const page of pages()) io.out(textOf(page));
    return exitCodes.ok;
  }
  const path = resolve(io.cwd, options.out);
  const question = JSON.stringify([folder ?? options.url, maps ?? '--all']);
  const { file, progress } = await ExportFile.open(path, question, options.resume === true);
  let asked = false;
  const off = io.onStopSignal((signal) => {
    if (asked) return io.exitNow(forcedCodes[signal]);
    asked = true;
  });
  let isComplete = false;
  try {
    if (head !== '') await file.add(head, 0, undefined);
    let told = file.rows;
    for await (const page of pages(progress?.place)) {
      await file.add(textOf(page), page.rows.length, page.place);
      if (file.rows - told >= PROGRESS_ROWS) {
        told = file.rows;
        io.err(`${told.toLocaleString('en')} rows\n`);
      }
      if (asked && page.place !== undefined) {
        io.err('Stopped. Go on with --resume\n');
        return exitCodes.failure;
      }
    }
    await file.finish();
    isComplete = true;
  } finally {
    off();
    if (!isComplete) await file.leave();
  }
  io.out(`Exported ${file.rows.toLocaleString('en')} rows to ${path}\n`);
  return exitCodes.ok;
}

/** The names of all fields, in the order of their first row. Throws EXPORT_CSV. */
async function fieldsIn(pages: AsyncIterable<Page>): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { rows } of pages) {
    for (const row of rows) for (const name of Object.keys(fieldsOf(row))) names.add(name);
    if (names.size > CSV_FIELDS_MAX)
      throw cliError('EXPORT_CSV', `The rows have more than ${CSV_FIELDS_MAX} fields.`);
  }
  return [...names];
}
