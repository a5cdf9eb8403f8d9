import type { IndexSpec } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { isDeclarable } from '../engine/indexes/declaredFor.js';
import { isMapPattern } from '../security/policy/mapPattern.js';

/** One policy as it stands in a config file; the gate reads the same shape. */
export const policySchema = z.strictObject({
  role: z.string().min(1),
  map: z.string().min(1),
  actions: z.array(z.enum(['READ', 'PUT', 'REMOVE'])).min(1),
  where: z.looseObject({ op: z.string() }).optional(),
  fields: z.array(z.string().min(1)).min(1).optional(),
});

/** Assigns a resolver to maps; the names are checked where the resolvers are known. */
const resolverRuleSchema = z.strictObject({ map: z.string().min(1), resolver: z.string().min(1) });

/** What a setting is, beyond its zod type: enough for help, errors and the reference page. */
interface Setting<S extends z.ZodType> {
  readonly schema: S;
  readonly help: string;
  /** what is allowed, as shown to a person */
  readonly allowed: string;
  /** the text form: how flags and environment values are read */
  readonly from: 'text' | 'number' | 'boolean' | 'list' | 'file only';
  /** secrets have no flag: arguments are visible to every user of the machine */
  readonly secret?: true;
}

function setting<S extends z.ZodType>(
  schema: S,
  from: Setting<S>['from'],
  allowed: string,
  help: string,
  rest: { secret?: true } = {},
): Setting<S> {
  return { schema, from, allowed, help, ...rest };
}

const wholeNumber = (min: number, max: number, otherwise: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(min).max(max).default(otherwise);
/** How many of something there may be at once. */
const count = (max: number, otherwise: number, help: string): Setting<z.ZodDefault<z.ZodInt>> =>
  setting(wholeNumber(1, max, otherwise), 'number', `a whole number from 1 to ${max}`, help);
const text = z.string().min(1);
const isPortFit = (address: string): boolean => {
  const port = Number(/:(\d+)$/.exec(address)?.[1] ?? 1);
  return port >= 1 && port <= 65_535;
};
const DAY_MS = 86_400_000;

/**
 * Every setting of the server. Each key gives a config file key, a flag (`dataDir` → `--data-dir`) and an environment
 * name (`TOPGUN_DATA_DIR`); flags win over environment, environment over file.
 */
export const settings = {
  host: setting(text.default('127.0.0.1'), 'text', 'a host name or address', 'Address to listen on.'),
  port: setting(
    wholeNumber(0, 65_535, 8080),
    'number',
    'a whole number from 0 to 65535',
    'Port; 0 takes any free one.',
  ),
  dataDir: setting(text.default('./topgun-data'), 'text', 'a path', 'Folder of the embedded store.'),
  storage: setting(
    z.enum(['embedded', 'memory']).default('embedded'),
    'text',
    'embedded or memory',
    'Where data is kept. memory: gone when the server stops.',
  ),
  nodeId: setting(
    z
      .string()
      .regex(/^[\w.-]{1,64}$/)
      .optional(),
    'text',
    '1 to 64 of A-Z a-z 0-9 _ . -',
    'Name of this node; drawn at each start when left out.',
  ),
  dev: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'Development: no token needed, everybody is ADMIN. Loopback only.',
  ),
  jwtSecret: setting(
    text.optional(),
    'text',
    `${LIMITS.secretBytes} bytes or more`,
    'Secret of HS256 tokens.',
    { secret: true },
  ),
  jwtSecretFile: setting(text.optional(), 'text', 'a path', 'File that holds the secret of HS256 tokens.'),
  jwtPublicKeyFile: setting(
    text.optional(),
    'text',
    'a path',
    'File with the RSA public key (PEM) of RS256 tokens.',
  ),
  jwtIssuer: setting(text.optional(), 'text', 'a string', 'Tokens must name this issuer (iss).'),
  jwtAudience: setting(text.optional(), 'text', 'a string', 'Tokens must name this audience (aud).'),
  policies: setting(
    z.array(policySchema).default([]),
    'file only',
    'a list of { role, map, actions, where?, fields? }',
    'Who may do what; nothing is allowed that no policy allows.',
  ),
  resolvers: setting(
    z.array(resolverRuleSchema).default([]),
    'file only',
    'a list of { map, resolver }',
    'Which conflict resolver judges the writes to which maps; the first that names a map counts.',
  ),
  volatileMaps: setting(
    z.array(z.string().refine(isMapPattern)).optional(),
    'list',
    'map patterns such as cursors:*, parted by commas',
    'Maps kept in memory alone, gone when the server stops; those that the store holds data of stay there.',
  ),
  indexes: setting(
    z
      .record(z.string().refine(isMapPattern), z.array(z.custom<IndexSpec>()).refine(isDeclarable))
      .default({}),
    'file only',
    'lists of { kind: hash or ordered, path, name? } and { kind: compound, paths, name? } by map or map pattern',
    'Indexes of maps; the first name or pattern that fits a map counts.',
  ),
  policiesFile: setting(text.optional(), 'text', 'a path', 'JSON file with more policies.'),
  origins: setting(
    z.array(z.string().regex(/^https?:\/\/[^/]+$/)).optional(),
    'list',
    'origins such as https://app.example, parted by commas',
    'Web origins that may connect; any when left out.',
  ),
  staticDir: setting(text.optional(), 'text', 'a path', 'Folder of a built web app to serve at /.'),
  connectionsMax: count(1_000_000, LIMITS.connections, 'Sockets open at once.'),
  connectionsPerIpMax: count(1_000_000, LIMITS.connectionsPerIp, 'Sockets open at once from one address.'),
  queriesPerUserMax: count(
    1_000_000,
    LIMITS.queriesPerPrincipal,
    'Live queries that one subject of tokens may have open at once.',
  ),
  queryRowsPerUserMax: count(
    1_000_000_000,
    LIMITS.queryRowsPerPrincipal,
    'Rows of their results together, counted when they are opened.',
  ),
  slowQueryMs: setting(
    wholeNumber(0, 3_600_000, LIMITS.slowQueryMs),
    'number',
    'milliseconds from 0 to 3600000',
    'Queries whose first result takes longer are logged, without their values, in ms; 0 logs all.',
  ),
  skewMs: setting(
    // Below a second ordinary clocks would be refused; above an hour a wrong clock would win every merge for long.
    wholeNumber(1_000, 3_600_000, LIMITS.skewMs),
    'number',
    'milliseconds from 1000 to 3600000',
    'How far a write may be stamped ahead of the server, in ms.',
  ),
  ntpServers: setting(
    z
      .array(
        z
          .string()
          .regex(/^(\[[\da-fA-F:.]{2,45}\]|[\w.-]{1,253})(:\d{1,5})?$/)
          .refine(isPortFit),
      )
      .min(1)
      .max(LIMITS.ntpServers)
      .optional(),
    'list',
    `1 to ${LIMITS.ntpServers} of host or host:port, parted by commas`,
    'Time servers (NTP) that correct the local clock, in the order in which they are asked; none when left out.',
  ),
  retentionDays: setting(
    wholeNumber(LIMITS.retentionMsMin / DAY_MS, 3_650, LIMITS.retentionMs / DAY_MS),
    'number',
    `days from ${LIMITS.retentionMsMin / DAY_MS} to 3650`,
    'How long deletions are remembered, in days.',
  ),
  drainMs: setting(
    wholeNumber(0, 600_000, LIMITS.drainMs),
    'number',
    'milliseconds from 0 to 600000',
    'Longest graceful stop, in ms.',
  ),
  logLevel: setting(
    z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    'text',
    'silent, fatal, error, warn, info, debug or trace',
    'What is logged.',
  ),
} as const satisfies Record<string, Setting<z.ZodType>>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** The configuration of a server: checked, complete, frozen. */
export type ServerConfig = { readonly [K in SettingName]: z.output<(typeof settings)[K]['schema']> };

/** What a program may pass: every setting is optional. */
export type ServerConfigInput = { readonly [K in SettingName]?: z.input<(typeof settings)[K]['schema']> };

export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function envOf(name: SettingName): string {
  return `TOPGUN_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Whether a setting can be given as a flag. */
export function hasFlag(name: SettingName): boolean {
  const { from, secret }: Setting<z.ZodType> = settings[name];
  return from !== 'file only' && secret !== true;
}

/** The settings part of `--help`: one entry per setting with flag, environment name, meaning and default. */
export function configHelp(): string {
  const lines = ['  --config <text>, TOPGUN_CONFIG', '      JSON file with any of these settings.'];
  for (const name of settingNames) {
    const { from, allowed, help, schema }: Setting<z.ZodType> = settings[name];
    const names = [
      ...(hasFlag(name) ? [from === 'boolean' ? flagOf(name) : `${flagOf(name)} <${from}>`] : []),
      ...(from === 'file only' ? [`"${name}" in the config file`] : [envOf(name)]),
    ];
    const standard = schema.safeParse(undefined).data;
    const shown =
      standard === undefined || typeof standard === 'object' ? '' : ` Default: ${String(standard)}.`;
    lines.push(`  ${names.join(', ')}`, `      ${help} Allowed: ${allowed}.${shown}`);
  }
  return lines.join('\n');
}
