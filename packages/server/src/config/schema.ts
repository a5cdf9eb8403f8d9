import type * as z from 'zod';
import { authSettings } from './settings/auth.js';
import { bridgeSettings } from './settings/bridge.js';
import { busSettings } from './settings/bus.js';
import { clusterSettings } from './settings/cluster.js';
import { dataSettings } from './settings/data.js';
import { doorSettings } from './settings/doors.js';
import { limitsSettings } from './settings/limits.js';
import { networkSettings } from './settings/network.js';
import { observabilitySettings } from './settings/observability.js';
import { operationsSettings } from './settings/operations.js';
import { queriesSettings } from './settings/queries.js';
import { roomsSettings } from './settings/rooms.js';
import type { Setting } from './settings/setting.js';
import { topicsSettings } from './settings/topics.js';
import { webhookSettings } from './settings/webhooks.js';
import { websocketSettings } from './settings/websocket.js';

/**
 * Every setting of the server. Each key gives a config file key, a flag (`dataDir` → `--data-dir`) and an environment
 * name (`TOPGUN_DATA_DIR`); flags win over environment, environment over file.
 */
export const settings = {
  ...networkSettings,
  ...authSettings,
  ...dataSettings,
  ...queriesSettings,
  ...busSettings,
  ...clusterSettings,
  ...topicsSettings,
  ...roomsSettings,
  ...limitsSettings,
  ...doorSettings,
  ...websocketSettings,
  ...bridgeSettings,
  ...observabilitySettings,
  ...operationsSettings,
  ...webhookSettings,
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
      standard === undefined || standard === '' || typeof standard === 'object'
        ? ''
        : ` Default: ${String(standard)}.`;
    lines.push(`  ${names.join(', ')}`, `      ${help} Allowed: ${allowed}.${shown}`);
  }
  return lines.join('\n');
}
