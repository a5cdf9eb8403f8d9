import { flagOf, hasFlag, type SettingName, settingNames, settings } from '@topgun/server';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** What a command says about settings on top of the schema. */
interface Wording {
  /** settings this command decides itself, so that it takes no flag for them */
  readonly without?: readonly SettingName[];
  /** defaults of this command where they differ from the schema's */
  readonly defaults?: Readonly<Partial<Record<SettingName, unknown>>>;
}

/** Gives a command `--config`, and one flag per setting of the server's schema with meaning, default and what is allowed. */
export function addServerOptions(command: Command, wording: Wording = {}): void {
  command.option('--config <path>', 'JSON file with settings and policies (TOPGUN_CONFIG).');
  for (const name of settingNames) {
    if (!hasFlag(name) || wording.without?.includes(name) === true) continue;
    const { from, help, schema, allowed } = settings[name];
    const isSwitch = from === 'boolean';
    const standard = wording.defaults?.[name] ?? schema.safeParse(undefined).data;
    const shown =
      standard === undefined || standard === false || standard === '' ? '' : ` Default: ${String(standard)}.`;
    const meaning = isSwitch ? help : `${help} Allowed: ${allowed}.${shown}`;
    const option = new Option(isSwitch ? flagOf(name) : `${flagOf(name)} <${placeholders[from]}>`, meaning);
    // What may hold a secret is left to the loader, which does not repeat it.
    if (!isSwitch && !('secret' in settings[name])) {
      option.argParser((text: string) => {
        const value = from === 'number' ? Number(text) : from === 'list' ? text.split(',') : text;
        if (schema.safeParse(value).success) return text;
        throw new InvalidArgumentError(`Allowed: ${allowed}.`);
      });
    }
    command.addOption(option);
  }
}

/** The flags that were given, as the server's own loader reads them. */
export function serverArgs(command: Command): readonly string[] {
  const given = command.opts<Readonly<Record<string, unknown>>>();
  const file = typeof given.config === 'string' ? [`--config=${given.config}`] : [];
  const values = settingNames.flatMap((name) => {
    const value = given[name];
    if (value === undefined || value === false || !hasFlag(name)) return [];
    return value === true ? [flagOf(name)] : [`${flagOf(name)}=${String(value)}`];
  });
  return [...file, ...values];
}

const placeholders = { text: 'value', number: 'number', list: 'list', boolean: '', 'file only': '' } as const;
