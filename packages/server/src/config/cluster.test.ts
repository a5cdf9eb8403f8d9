import { describe, expect, it } from 'vitest';
import { clusterAddressOf, clusterSecretOf } from './checkCluster.js';
import { loadConfig, parseConfig } from './load.js';
import type { ServerConfigInput } from './schema.js';

const whole: ServerConfigInput = {
  cluster: true,
  databaseUrl: 'postgres://127.0.0.1/app',
  nodeId: 'a',
  clusterSecret: 's'.repeat(32),
};

describe('the settings of a cluster', () => {
  it('[CLU-6] without them nothing is asked for, and no node is one of several', () => {
    expect(loadConfig({})).toMatchObject({ cluster: false, clusterSecret: undefined });
    expect(parseConfig(whole)).toMatchObject({ cluster: true, nodeId: 'a' });
  });

  it.each<[string, ServerConfigInput]>([
    ['databaseUrl', { databaseUrl: '' }],
    ['nodeId', { nodeId: undefined }],
    ['clusterSecret', { clusterSecret: undefined }],
    ['clusterAddress', { host: '0.0.0.0' }],
    ['clusterAddress', { host: '::' }],
    ['clusterSecret', { clusterSecret: 's'.repeat(31) }],
  ])('[CLU-6] a node without a fit %s is refused by its name', (name, rest) => {
    expect(() => parseConfig({ ...whole, ...rest })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(name) }),
    );
  });

  it('[CLU-6] in development no secret is needed', () => {
    const config = parseConfig({ ...whole, clusterSecret: undefined, dev: true });
    expect(clusterSecretOf(config).length).toBeGreaterThanOrEqual(32);
    expect(clusterSecretOf(parseConfig(whole))).toBe(whole.clusterSecret);
  });

  it('[CLU-6] [OPS-22] the secret has no flag, the rest has', () => {
    const args = [
      '--cluster',
      '--node-id',
      'a',
      '--cluster-address',
      '10.0.0.5:8080',
      '--public-url',
      'wss://a.example',
    ];
    const env = { TOPGUN_CLUSTER_SECRET: 's'.repeat(40), TOPGUN_DATABASE_URL: 'postgres://127.0.0.1/app' };
    expect(loadConfig({ args, env })).toMatchObject({
      cluster: true,
      clusterAddress: '10.0.0.5:8080',
      publicUrl: 'wss://a.example',
    });
    expect(() => loadConfig({ args: [...args, '--cluster-secret', 's'.repeat(40)], env })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it.each<[ServerConfigInput, string]>([
    [{}, 'ws://127.0.0.1:81/cluster'],
    [{ host: '::1' }, 'ws://[::1]:81/cluster'],
    [{ tlsCertFile: 'c', tlsKeyFile: 'k' }, 'wss://127.0.0.1:81/cluster'],
    [{ host: '0.0.0.0', clusterAddress: 'node-1:9000' }, 'ws://node-1:9000/cluster'],
    [{ clusterAddress: 'wss://node-1:9000' }, 'wss://node-1:9000/cluster'],
  ])('[CLU-6] links of a node with %j end at %s', (rest, address) => {
    expect(clusterAddressOf(parseConfig({ ...whole, ...rest }), 81)).toBe(address);
  });

  it('[CLU-6] an address that leads nowhere is refused', () => {
    const wrong: ServerConfigInput[] = [
      { clusterAddress: 'node-1' },
      { clusterAddress: 'http://node-1:80' },
      { publicUrl: 'node-1:80' },
      { publicUrl: 'ws://node 1' },
    ];
    for (const rest of wrong)
      expect(() => parseConfig({ ...whole, ...rest })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
  });
});
