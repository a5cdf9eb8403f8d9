import { resolve } from 'node:path';
import { millisOf } from '@topgun/core';
import {
  findPoisoned,
  type PoisonedRecord,
  type Repair,
  type RepairChange,
  repairAll,
  repairStore,
} from '@topgun/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { judgeClock } from '../doctor/clock.js';
import { parseDuration } from '../parseDuration.js';
import { DEV_DATA_DIR } from './devCommand.js';

interface RepairOptions {
  readonly keep?: boolean;
  readonly value?: { readonly parsed: unknown };
  readonly remove?: boolean;
  readonly all?: boolean;
  readonly tag?: string;
  readonly ttl?: number;
  readonly by?: string;
  readonly skew?: number;
  readonly dataDir: string;
}

/** Lines of a listing; what is beyond them is counted. */
const SHOWN = 100;
const DAY_MS = 86_400_000;

export function addRepairCommand(program: Command, io: CliIo): void {
  const command = program
    .command('repair')
    .summary('Find and repair records from the future in the data of a stopped server.')
    .description(
      'A record that was stamped by a clock far ahead wins against every write until that time has come. Without arguments, lists such records and the repairs made so far. With a map and a key, gives the record a stamp of now, so that ordinary writes win again; every device takes it over. Check the clock of this machine first: it says what the future is.',
    )
    .argument('[map]', 'Map of the record.')
    .argument('[key]', 'Key of the record.')
    .addOption(new Option('--keep', 'Leave its value as it is.').conflicts(['value', 'remove']))
    .addOption(
      new Option('--value <json>', 'Put this value in its place.').argParser(readJson).conflicts('remove'),
    )
    .option('--remove', 'Remove it.')
    .option('--all', 'Keep the values of all such records, of one map or of every map.')
    .option('--tag <tag>', 'Tag of the element, on maps with several values per key; it can only be removed.')
    .option('--ttl <duration>', 'How long the new value lives: a number with s, m, h or d.', readDuration)
    .option('--by <name>', 'Who repairs, kept with the repair. Default: your user name.')
    .option('--skew <duration>', 'The setting skewMs of the server. Default: 60s.', readDuration)
    .option('--data-dir <path>', 'Folder the server keeps its data in.', DEV_DATA_DIR)
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun repair --data-dir /var/lib/topgun\n  $ topgun repair todos t-17 --keep\n  $ topgun repair todos t-17 --value \'{"title":"Buy milk"}\' --by ada\n  $ topgun repair todos --all\n',
    )
    .action(async (map: string | undefined, key: string | undefined, options: RepairOptions) => {
      const folder = resolve(io.cwd, options.dataDir);
      const now = Date.now();
      const clock = judgeClock(now);
      if (clock.level !== 'ok') throw cliError('CLOCK_WRONG', `${clock.detail}.`);
      const settings = { now, ...(options.skew !== undefined && { skewMs: options.skew }) };
      const by = options.by ?? io.env.USER ?? io.env.LOGNAME ?? io.env.USERNAME ?? 'unknown';
      const change = changeOf(options);
      if (options.all === true) {
        if (key !== undefined || options.value !== undefined || options.remove === true)
          command.error('error: --all keeps the values of all records; it takes no key, --value or --remove');
        const made = await repairAll(folder, { by, ...(map !== undefined && { map }) }, settings);
        io.out(`Repaired ${countOf(made.length)}.\n${listOf(made, lineOfRepair)}`);
      } else if (map !== undefined && key !== undefined && change !== undefined) {
        const tag = options.tag === undefined ? {} : { tag: options.tag };
        const made = await repairStore(folder, { map, key, ...tag, change, by }, settings);
        io.out(`Repaired ${countOf(1)}.\n${lineOfRepair(made)}`);
      } else if (map === undefined && change === undefined) {
        const { poisoned, repairs } = await findPoisoned(folder, Number.POSITIVE_INFINITY, settings);
        io.out(`Time here: ${timeOf(settings.now)}\n\n`);
        io.out(`Found ${countOf(poisoned.length)} from the future.\n${listOf(poisoned, lineOfRecord)}`);
        if (repairs.length > 0)
          io.out(`\nRepairs so far, the last first:\n${listOf([...repairs].reverse(), lineOfRepair)}`);
      } else {
        command.error('error: name a map, a key, and one of --keep, --value and --remove, or --all');
      }
    });
}

function changeOf({ keep, value, remove, ttl }: RepairOptions): RepairChange | undefined {
  if (value !== undefined)
    return { type: 'put', value: value.parsed, ...(ttl !== undefined && { ttlMs: ttl }) };
  if (remove === true) return { type: 'remove' };
  return keep === true ? { type: 'keep' } : undefined;
}

const countOf = (count: number): string => `${count} record${count === 1 ? '' : 's'}`;

function listOf<T>(all: readonly T[], lineOf: (one: T) => string): string {
  const lines = all.slice(0, SHOWN).map(lineOf).join('');
  return all.length > SHOWN ? `${lines}  and ${all.length - SHOWN} more\n` : lines;
}

const nameOf = ({ map, key, tag }: Pick<Repair, 'map' | 'key' | 'tag'>): string =>
  `${map}/${key}${tag === undefined ? '' : ` (tag ${tag})`}`;

function lineOfRecord(record: PoisonedRecord): string {
  const days = Math.floor(record.aheadMs / DAY_MS);
  const ahead = days > 0 ? `${days} d` : `${Math.ceil(record.aheadMs / 1000)} s`;
  const what = record.value === undefined ? 'removed' : 'written';
  return `  ${nameOf(record)}  ${what} ${timeOfStamp(record.stamp.t)}, ${ahead} ahead, by ${record.stamp.node}\n`;
}

function lineOfRepair(repair: Repair): string {
  const { id, atMs, by, change, old, made } = repair;
  return `  ${id}  ${timeOf(atMs)}  ${by}  ${change}  ${nameOf(repair)}  ${timeOfStamp(old.t)} -> ${timeOfStamp(made.t)}\n`;
}

const timeOfStamp = (t: number): string => timeOf(millisOf(t));
const timeOf = (ms: number): string => new Date(ms).toISOString();

function readJson(text: string): { readonly parsed: unknown } {
  try {
    return { parsed: JSON.parse(text) as unknown };
  } catch {
    throw new InvalidArgumentError('Use JSON; in most shells between single quotes.');
  }
}

function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Use a whole number with s, m, h or d, such as 90s.');
  return ms;
}
