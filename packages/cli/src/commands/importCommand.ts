import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { type ExitCode, exitCodes, forcedCodes } from '../exitCodes.js';
import { serverPages } from '../export/pages.js';
import { ExportTarget } from '../import/ExportTarget.js';
import { Importer, type ImportResult } from '../import/Importer.js';
import { MapTarget } from '../import/RecordTarget.js';
import { type Format, formatOf, formats, readRecords } from '../import/readRecords.js';
import { DEFAULT_URL, socketUrl } from '../serverAddress.js';

interface Options {
  readonly key: string;
  readonly format?: Format;
  readonly text?: readonly string[];
  readonly skip: number;
  readonly batch: number;
  readonly badMax: number;
  readonly url: string;
  readonly token?: string;
}

export function addImportCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  program
    .command('import')
    .summary('Write the records of a file to a map, or an export to all of its maps.')
    .description(
      'Writes the records of a file to a map of a running server, as a device would, and waits until the server has them on its disk. A record is stored under the value of its key field, so the same file twice gives the same map. Without a map the file is one of `topgun export`, whose rows go to their maps again.',
    )
    .argument('<map>', 'Map to write to, of one value per key; left out for an export.')
    .argument(
      '[file]',
      'JSON array of records, NDJSON (a record per line), CSV with a row of names, or an export.',
    )
    .option('--key <field>', 'Field that holds the key: text or a whole number. Dots lead into it.', 'id')
    .addOption(
      new Option('--format <name>', 'Format, where the name of the file does not say it.').choices(formats),
    )
    .option(
      '--text <fields>',
      'Fields of a CSV kept as text, separated by commas; * for all. Others become numbers, true and false where they read so.',
      (text: string) => text.split(','),
    )
    .option(
      '--skip <count>',
      'Records at the beginning to pass over.',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .option('--batch <count>', 'Writes that wait for their answers at once.', wholeNumber(1, 100_000), 5_000)
    .option(
      '--bad-max <count>',
      'Bad or refused records after which to give up.',
      wholeNumber(0, 1_000_000),
      100,
    )
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token that may write to the map (TOPGUN_TOKEN).')
    .addHelpText(
      'after',
      '\nExit code 0 when every record is in, 1 when some are not, 3 when the server cannot be reached. Stopped half-way, it says\nwhere to go on.\n\nExamples:\n  $ topgun import cities ./cities.ndjson\n  $ topgun import people ./people.csv --key email --text phone,zip\n  $ topgun import ./everything.jsonl\n  $ topgun import cities ./cities.json --key cityId --url https://data.example.org --skip 50000\n',
    )
    .action(async (first: string, second: string | undefined, options: Options) => {
      const [map, file] = second === undefined ? [undefined, first] : [first, second];
      done(await importFile(map, resolve(io.cwd, file), options, io));
    });
}

async function importFile(
  map: string | undefined,
  path: string,
  options: Options,
  io: CliIo,
): Promise<ExitCode> {
  const format = options.format ?? formatOf(path);
  if (format === undefined) throw cliError('IMPORT_FILE_INVALID', `The name of ${path} says no format.`);
  // Before the server is asked for: a wrong path is the likelier mistake.
  await stat(path).catch((error: unknown) => {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  });
  const server = { url: options.url, token: options.token ?? io.env.TOPGUN_TOKEN };
  const exported = new ExportTarget(
    () => Date.now(),
    (name) => serverPages(server, [name], undefined),
  );
  const target = map === undefined ? exported : new MapTarget(map, options.key);
  const importer = new Importer(
    { ...options, ...server, target, url: socketUrl(options.url) },
    {
      bad: (line, why) => io.err(`line ${line}: ${why}\n`),
      progress: (imported) => io.err(`${count(imported)} imported\n`),
    },
  );
  let asked = false;
  const off = io.onStopSignal((signal) => {
    if (asked) return io.exitNow(forcedCodes[signal]);
    asked = true;
    io.err('Stopping: waiting for the answers of the server. Once more to stop at once.\n');
    importer.stop();
  });
  const startedMs = performance.now();
  try {
    const result = await importer.run(readRecords(path, format, options.text ?? []));
    io.out(summary(map, result, exported.expired, performance.now() - startedMs));
    if (result.stopped !== undefined && result.settled > options.skip)
      io.err(`Stopped early. Go on with --skip ${result.settled}\n`);
    if (result.stopped !== undefined && result.stopped !== 'asked') throw result.stopped;
    return result.stopped === undefined && result.bad + result.refused === 0
      ? exitCodes.ok
      : exitCodes.failure;
  } finally {
    off();
  }
}

function summary(
  map: string | undefined,
  { imported, bad, refused }: ImportResult,
  expired: number,
  ms: number,
): string {
  const rate = ms > 0 ? `, ${count(Math.round((imported * 1000) / ms))} per second` : '';
  return [
    map === undefined ? 'Imported' : `Imported into ${map}`,
    `  records  ${count(imported)} in ${(ms / 1000).toFixed(1)} s${rate}`,
    ...(expired === 0 ? [] : [`  expired  ${count(expired)} of them`]),
    ...(bad === 0 ? [] : [`  bad      ${count(bad)}`]),
    ...(refused === 0 ? [] : [`  refused  ${count(refused)}`]),
    '',
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en');

const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
};
