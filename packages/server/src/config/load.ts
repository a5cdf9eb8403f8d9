import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { serverError } from '../errors.js';
import { checkCluster } from './checkCluster.js';
import { checkMailboxes } from './checkMailboxes.js';
import type { ServerConfig, ServerConfigInput, SettingName } from './schema.js';
import { envOf, flagOf, hasFlag, settingNames, settings } from './schema.js';

/** One value on its way to a setting, and where a person finds it. */
interface Found {
  readonly value: unknown;
  readonly place: string;
}

export interface ConfigSources {
  /** flags as typed, without program and command */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** JSON config file, read when neither `--config` nor TOPGUN_CONFIG names one */
  readonly file?: string;
  /** lowest of all: what the calling command prefers to the standard values */
  readonly defaults?: ServerConfigInput;
}

/**
 * The configuration from defaults < config file < environment < flags, frozen. Nothing else in the server reads the
 * environment. Throws CONFIG_INVALID with the setting, where it was given, what was found and what is allowed.
 */
export function loadConfig(sources: ConfigSources): ServerConfig {
  const flags = readFlags(sources.args ?? []);
  const env = sources.env ?? {};
  const file = flags.config ?? env.TOPGUN_CONFIG ?? sources.file;
  const inFile = file === undefined ? {} : readFile(file);
  const found = new Map<SettingName, Found>();
  for (const name of settingNames) {
    const flag = flags.values[name];
    const variable = env[envOf(name)];
    if (flag !== undefined) found.set(name, { value: fromText(name, flag), place: flagOf(name) });
    else if (variable !== undefined && settings[name].from !== 'file only') {
      found.set(name, { value: fromText(name, variable), place: envOf(name) });
    } else if (inFile[name] !== undefined)
      found.set(name, { value: inFile[name], place: `${name} in ${file}` });
    else if (sources.defaults?.[name] !== undefined)
      found.set(name, { value: sources.defaults[name], place: name });
  }
  return check(found);
}

/** The configuration of a server made by a program. Throws CONFIG_INVALID like `loadConfig`. */
export function parseConfig(input: ServerConfigInput): ServerConfig {
  const found = new Map<SettingName, Found>();
  for (const [name, value] of Object.entries(input)) {
    if (!isSetting(name)) throw serverError('CONFIG_INVALID', `${name}: there is no such setting.`);
    if (value !== undefined) found.set(name, { value, place: name });
  }
  return check(found);
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

function check(found: ReadonlyMap<SettingName, Found>): ServerConfig {
  const config: Record<string, unknown> = {};
  for (const name of settingNames) {
    const { value, place } = found.get(name) ?? { value: undefined, place: name };
    const parsed = settings[name].schema.safeParse(value);
    if (!parsed.success) {
      const path = parsed.error.issues[0]?.path ?? [];
      const inside = path.length === 0 ? '' : ` at ${path.join('.')}`;
      const shown = 'secret' in settings[name] ? 'a value that is not shown' : JSON.stringify(value);
      const message = `${place}${inside}: found ${shown}, allowed is ${settings[name].allowed}.`;
      throw serverError('CONFIG_INVALID', message);
    }
    config[name] = parsed.data;
  }
  // Each value was parsed by the schema that gives its type.
  const checked = Object.freeze(config) as unknown as ServerConfig;
  checkMailboxes(checked);
  checkCluster(checked);
  return checked;
}

function fromText(name: SettingName, value: string | boolean): unknown {
  if (typeof value === 'boolean') return value;
  switch (settings[name].from) {
    case 'number':
      return value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value);
    case 'boolean':
      return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value;
    case 'list':
      return value.split(',').map((part) => part.trim());
    default:
      return value;
  }
}

interface Flags {
  readonly config: string | undefined;
  readonly values: Readonly<Partial<Record<SettingName, string | boolean>>>;
}

function readFlags(args: readonly string[]): Flags {
  const options: Record<string, { type: 'string' | 'boolean' }> = { config: { type: 'string' } };
  const names = settingNames.filter(hasFlag);
  for (const name of names) {
    options[flagOf(name).slice(2)] = { type: settings[name].from === 'boolean' ? 'boolean' : 'string' };
  }
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...args], options, allowPositionals: false }));
  } catch (cause) {
    throw serverError('CONFIG_INVALID', cause instanceof Error ? cause.message : String(cause), cause);
  }
  const settingsGiven = names.map((name) => [name, values[flagOf(name).slice(2)]] as const);
  return {
    config: typeof values.config === 'string' ? values.config : undefined,
    values: Object.fromEntries(settingsGiven) as Flags['values'],
  };
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  const parsed = readJson(path, 'The config file');
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw serverError('CONFIG_INVALID', `The config file ${path} must hold one JSON object.`);
  }
  const unknown = Object.keys(parsed).find((name) => !isSetting(name));
  if (unknown !== undefined)
    throw serverError('CONFIG_INVALID', `${unknown} in ${path}: there is no such setting.`);
  return parsed as Record<string, unknown>;
}

/** The JSON of a file a setting names. Throws CONFIG_INVALID naming it when it cannot be read. */
export function readJson(path: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    // A text that fails to parse stands in the message of that fault: it may hold a secret.
    if (cause instanceof SyntaxError)
      throw serverError('CONFIG_INVALID', `${what} ${path} cannot be read: it is not JSON.`);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw serverError('CONFIG_INVALID', `${what} ${path} cannot be read: ${reason}`, cause);
  }
}
