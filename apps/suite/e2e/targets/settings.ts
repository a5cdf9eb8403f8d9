import { devLimits, type ServerConfigInput } from '@topgun/server';

/** The settings of every node of every target: the app is one, whatever it runs on. */
export const settings: ServerConfigInput = {
  ...devLimits,
  // All of an app's users come from one address here.
  wsConnectionsPerUserMax: 10_000,
  roomsPerUserMax: 10_000,
  bridgeMessagesPerIpMax: 10_000,
  bridgeConnectionsPerIpMax: 10_000,
  host: '127.0.0.1',
  logLevel: 'error',
  drainMs: 2_000,
  bridge: true,
  // Where the suite takes webhooks in.
  webhookNetworks: ['127.0.0.0/8'],
  topicNamespaces: [{ pattern: 'kept/*', count: 1_000, ageMs: 3_600_000, durable: true }],
  resolvers: [
    { map: 'app/stock', resolver: 'NON_NEGATIVE' },
    { map: 'app/scores', resolver: 'NUMERIC_MAX' },
    { map: 'app/seats', resolver: 'FIRST_WRITE_WINS' },
    { map: 'app/accounts', resolver: 'VERSION_INCREMENT' },
  ],
  policies: [
    { role: 'user', map: 'app/**', actions: ['READ', 'PUT', 'REMOVE'] },
    {
      name: 'own rows',
      role: 'user',
      map: 'own/**',
      actions: ['READ', 'PUT', 'REMOVE'],
      where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
    },
    { name: 'names', role: 'user', map: 'people', actions: ['READ'], fields: ['name'] },
    {
      name: 'oneself',
      role: 'user',
      map: 'people',
      actions: ['READ'],
      where: { op: 'eq', path: 'sub', value: { $auth: 'sub' } },
    },
    { role: 'hr', map: 'people', actions: ['READ', 'PUT', 'REMOVE'] },
    { role: 'user', map: 'topic:room/**', actions: ['READ', 'PUT'] },
    { role: 'user', map: 'topic:presence/**', actions: ['READ'] },
    { role: 'user', map: 'topic:kept/**', actions: ['READ', 'PUT'] },
    { role: 'user', map: 'topic:passing/**', actions: ['READ', 'PUT'] },
    { role: 'user', map: 'topic:tenant/{tenant_id}', actions: ['READ', 'PUT'] },
    { role: 'user', map: 'topic:user/{sub}', actions: ['READ'] },
    { role: 'user', map: 'topic:user/*', actions: ['PUT'] },
    { role: 'ADMIN', map: 'app/**', actions: ['READ'] },
    { role: 'ADMIN', map: 'topic:kept/**', actions: ['READ'] },
  ],
};
