import { devLimits, type ServerConfigInput, settingNames } from '@topgun/server';
import { SECRET } from './identity.js';

/** The map that the neighbour writes to all the time. */
export const NEIGHBOUR_MAP = 'good:notes';
/** The map whose records nobody but the neighbour may touch. */
export const WITNESS_MAP = 'witness';

const ALL = ['READ', 'PUT', 'REMOVE'] as const;
/** As much as each of these settings allows. */
const RAISED = 1_000_000;

/** Whose webhooks are believed. */
export const SENDER = {
  provider: 'shop',
  tenant: 'acme',
  secrets: ['a generic secret of this run alone'],
} as const;

/** The server that is fuzzed: maps with and without rights, masks, resolvers, places and indexes. */
export const fuzzedConfig: ServerConfigInput = {
  port: 0,
  jwtSecret: SECRET,
  jwtIssuer: 'topgun',
  jwtAudience: 'topgun',
  logLevel: 'silent',
  origins: ['https://app.example'],
  // What one subject or address may do is asked elsewhere (LMT-n): here it would hide every other answer.
  ...Object.fromEntries(
    settingNames.filter((name) => /Per(Ip|User)Max$/.test(name)).map((name) => [name, RAISED]),
  ),
  roomsPerUserMax: 100_000,
  ...devLimits,
  handshakesMax: 100_000,
  bridge: true,
  wsScopeRequired: false,
  policies: [
    { role: 'user', map: 'open:**', actions: [...ALL] },
    { role: 'user', map: 'volatile:**', actions: [...ALL] },
    { role: 'user', map: 'judged:**', actions: [...ALL] },
    { role: 'user', map: 'reads:**', actions: ['READ'] },
    { role: 'user', map: 'mine:**', actions: [...ALL], where: { op: 'eq', path: 'owner', value: 'mallory' } },
    { role: 'user', map: 'masked:**', actions: ['READ', 'PUT'], fields: ['title'] },
    { role: 'user', map: 'topic:open:**', actions: [...ALL] },
    { role: 'good', map: 'good:**', actions: [...ALL] },
    { role: 'good', map: WITNESS_MAP, actions: [...ALL] },
    { role: 'good', map: 'mine:**', actions: [...ALL] },
    { role: 'good', map: 'masked:**', actions: [...ALL] },
  ],
  resolvers: [{ map: 'judged:**', resolver: 'SERVER_ONLY' }],
  volatileMaps: ['volatile:**'],
  indexes: { 'open:**': [{ kind: 'hash', path: 'a' }] },
};
