import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envOf, loadConfig, type ServerConfig, settingNames } from '@topgun/server';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { clusterAddressOf } from '../packages/server/src/config/checkCluster.js';
import { probeRoutes } from '../packages/server/src/doors/probes.js';
import { Readiness } from '../packages/server/src/doors/Readiness.js';

const folder = fileURLToPath(new URL('../docs/deploy/', import.meta.url));
const text = (path: string): string => readFileSync(resolve(folder, path), 'utf8');
const SECRET = '8f3b0c6e5d1a49f27be6c0d9a4e1732f8f3b0c6e5d1a49f27be6c0d9a4e1732f';
/** Between the end of a drain and SIGKILL. */
const SLACK_MS = 5_000;

const settingOf = new Set(settingNames.map(envOf));
const probes = new Set(
  probeRoutes({
    facts: () => {
      throw new Error('nobody asks');
    },
    pending: () => ({ ops: 0, bytes: 0 }),
    readiness: new Readiness(() => 'READY'),
  }).map(({ path }) => path),
);

type Tree = { readonly [name: string]: Tree } & readonly Tree[] & string;

/** The settings of a node, as the server itself reads them. */
function configOf(env: Readonly<Record<string, string>>): ServerConfig {
  const unknown = Object.keys(env).filter((name) => name.startsWith('TOPGUN_') && !settingOf.has(name));
  expect(unknown).toEqual([]);
  return loadConfig({ env });
}

const dockerfile = text('docker/Dockerfile');
/** What the image sets for all of its servers. */
const imageEnv = Object.fromEntries(
  [...dockerfile.matchAll(/\b(TOPGUN_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
) as Readonly<Record<string, string>>;

describe('the image', () => {
  const line = (instruction: string): string =>
    new RegExp(`^(?:  )?${instruction} (.*)$`, 'm').exec(
      dockerfile.slice(dockerfile.lastIndexOf('\nFROM')),
    )?.[1] ?? '';

  it('[OPS-50] sets what the server knows, and asks for its health where it answers', () => {
    const config = configOf({ ...imageEnv, TOPGUN_JWT_SECRET: SECRET });
    expect(line('EXPOSE')).toBe(String(config.port));
    expect(line('VOLUME')).toBe(config.dataDir);
    const check = (JSON.parse(line('CMD')) as string[]).join(' ');
    expect([...probes].filter((path) => check.includes(`${path}\``))).toEqual(['/healthz']);
  });

  it('[OPS-51] hands signals to the server, which is not root', () => {
    expect(JSON.parse(line('ENTRYPOINT'))).toEqual(['node', '/app/dist/main.js']);
    expect(line('STOPSIGNAL')).toBe('SIGTERM');
    expect(line('USER')).toBe('node');
  });

  it('[OPS-50] is built with the Node that the packages ask for', () => {
    const { engines } = JSON.parse(
      readFileSync(resolve(folder, '../../packages/cli/package.json'), 'utf8'),
    ) as {
      engines: { node: string };
    };
    const floor = /(\d+)\.(\d+)/.exec(engines.node)?.slice(1).map(Number) as [number, number];
    const images = [...dockerfile.matchAll(/^FROM node:(\d+)\.(\d+)/gm)].map(([, ...version]) =>
      version.map(Number),
    );
    expect(images).toHaveLength(2);
    for (const [major, minor] of images) {
      expect(major).toBe(floor[0]);
      expect(minor).toBeGreaterThanOrEqual(floor[1]);
    }
  });
});

describe('the compose file', () => {
  const source = text('docker/compose.yaml');
  const compose = parse(source, { merge: true }) as Tree;
  const services = Object.entries(compose.services ?? {});
  const nodes = services.filter(([, { image }]) => image === 'topgun:local');
  const filled = (value: string): string => value.replace(/\$\{\w+:\?[^}]*\}/g, SECRET);
  const configOfNode = (node: Tree): ServerConfig =>
    configOf({
      ...imageEnv,
      ...Object.fromEntries(
        Object.entries(node.environment ?? {}).map(([name, value]) => [name, filled(value)]),
      ),
    });

  it('[OPS-50] runs three nodes that find each other by their names', () => {
    expect(nodes).toHaveLength(3);
    for (const [name, node] of nodes) {
      const config = configOfNode(node);
      expect(config).toMatchObject({ cluster: true, nodeId: name, clusterSecret: SECRET });
      expect(clusterAddressOf(config, config.port)).toBe(`ws://${name}:${config.port}/cluster`);
      expect(new URL(config.databaseUrl).hostname).toBe('postgres');
      expect(new URL(config.redisUrl).hostname).toBe('redis');
      expect(config.trustedProxies).toEqual([compose.networks?.default?.ipam?.config?.[0]?.subnet]);
      const check = (node.healthcheck?.test ?? []).join(' ');
      expect(check).toContain(`http://127.0.0.1:${config.port}/healthz"`);
      expect(probes).toContain('/healthz');
    }
  });

  it('[OPS-50] puts nginx before exactly these nodes', () => {
    const { nginx } = compose.services as Tree;
    const [own = ''] = String(nginx?.volumes?.[0]).split(':');
    const conf = readFileSync(resolve(dirname(resolve(folder, 'docker/compose.yaml')), own), 'utf8');
    const servers = [...conf.matchAll(/^\s*server (\S+:\d+)/gm)].map(([, server]) => server);
    expect(servers).toEqual(nodes.map(([name, node]) => `${name}:${configOfNode(node).port}`));
    const inside = /^\s*listen (\d+);/m.exec(conf)?.[1];
    expect(nginx?.ports).toEqual([`127.0.0.1:8080:${inside}`]);
    expect(Object.keys(nginx?.depends_on ?? {})).toEqual(nodes.map(([name]) => name));
  });

  it('[OPS-51] waits for the drain', () => {
    for (const [, node] of nodes) {
      const graceMs = Number(/^(\d+)s$/.exec(node.stop_grace_period ?? '')?.[1]) * 1000;
      expect(graceMs).toBeGreaterThanOrEqual(configOfNode(node).drainMs + SLACK_MS);
    }
  });

  it('[OPS-50] waits for what is there to be well, and says how to find out', () => {
    for (const [name, { depends_on: needs = {} }] of services)
      for (const [other, { condition }] of Object.entries(needs as Readonly<Record<string, Tree>>)) {
        expect([name, other, condition]).toEqual([name, other, 'service_healthy']);
        expect(compose.services?.[other]).toHaveProperty('healthcheck');
      }
  });

  it('[OPS-50] has no secret in it, and names those it needs in env.example', () => {
    const needed = [...source.matchAll(/\$\{(\w+):\?see env\.example\}/g)].map(([, name]) => name);
    const named = [...text('docker/env.example').matchAll(/^(\w+)=(.*)$/gm)];
    expect(new Set(needed)).toEqual(new Set(named.map(([, name]) => name)));
    expect(named.map(([, , value]) => value).join('')).toBe('');
  });
});

describe('the Kubernetes manifests', () => {
  const objects = parseAllDocuments(text('kubernetes/topgun.yaml')).map(
    (document) => document.toJS() as Tree,
  );
  const secret = parse(text('kubernetes/secret.example.yaml')) as Tree;
  const all = (kind: string): Tree[] => objects.filter((object) => object.kind === kind);
  const [set] = all('StatefulSet') as [Tree];
  const pod = set.spec?.template?.spec as Tree;
  const [container] = pod.containers as unknown as [Tree];
  const labels = set.spec?.template?.metadata?.labels;

  /** What a pod of this number gets. */
  function podEnv(number: number): Record<string, string> {
    const name = `${set.metadata?.name}-${number}`;
    const known: Record<string, string> = { ...imageEnv, ...(all('ConfigMap')[0]?.data as object) };
    const database = 'postgres://topgun:word@postgres:5432/topgun';
    const redis = 'redis://redis:6379';
    const values: Record<string, string> = { TOPGUN_DATABASE_URL: database, TOPGUN_REDIS_URL: redis };
    for (const key of Object.keys(secret.stringData ?? {})) known[key] = values[key] ?? SECRET;
    for (const { name: key, value, valueFrom } of (container.env ?? []) as readonly Tree[]) {
      if (valueFrom !== undefined) expect(valueFrom.fieldRef?.fieldPath).toBe('metadata.name');
      known[key as string] = value?.replace(/\$\((\w+)\)/g, (_, other: string) => known[other] ?? '') ?? name;
    }
    return known;
  }
  const config = (): ServerConfig => configOf(podEnv(0));

  it('[OPS-50] run nodes that keep their names and find each other by them', () => {
    const { cluster, nodeId, port } = config();
    expect([cluster, nodeId]).toEqual([true, 'topgun-0']);
    const serviceName = set.spec?.serviceName;
    for (const number of [0, 1, 2])
      expect(clusterAddressOf(configOf(podEnv(number)), port)).toBe(
        `ws://topgun-${number}.${serviceName}:${port}/cluster`,
      );
    const headless = all('Service').find(({ metadata }) => metadata?.name === serviceName);
    expect(headless?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(headless?.spec?.ports?.[0]?.port).toBe(port);
  });

  it('[OPS-50] take configuration and secrets from objects that are there', () => {
    const from = (container.envFrom ?? []) as readonly Tree[];
    expect(from).toEqual([
      { configMapRef: { name: all('ConfigMap')[0]?.metadata?.name } },
      { secretRef: { name: secret.metadata?.name } },
    ]);
    expect(Object.values(secret.stringData ?? {}).join('')).toBe('');
  });

  it('[OPS-50] reach the ports that the server listens on, and ask probes that it answers', () => {
    const { port, metricsPort } = config();
    const ports = Object.fromEntries(
      ((container.ports ?? []) as readonly Tree[]).map(({ name, containerPort }) => [name, containerPort]),
    );
    expect(ports).toEqual({ http: port, metrics: metricsPort });
    for (const [probe, path] of [
      ['livenessProbe', '/healthz'],
      ['readinessProbe', '/readyz'],
    ]) {
      expect(container[probe as string]?.httpGet).toEqual({ path, port: 'http' });
      expect(probes).toContain(path);
    }
    for (const service of all('Service')) expect(service.spec?.ports?.[0]?.targetPort).toBe('http');
  });

  it('[OPS-51] wait for preStop and the drain', () => {
    const preStopMs = Number(/(\d+)\)$/.exec(container.lifecycle?.preStop?.exec?.command?.at(-1) ?? '')?.[1]);
    expect(preStopMs).toBeGreaterThanOrEqual(1_000);
    const graceMs = Number(pod.terminationGracePeriodSeconds) * 1000;
    expect(graceMs).toBeGreaterThanOrEqual(preStopMs + config().drainMs + SLACK_MS);
  });

  it('[OPS-51] run nothing as root, and write to the data alone', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
    const mounted = ((container.volumeMounts ?? []) as readonly Tree[]).map(({ mountPath }) => mountPath);
    expect(mounted).toEqual([config().dataDir, '/tmp']);
  });

  it('[OPS-50] mean the same pods everywhere, and lose one at a time', () => {
    const [budget] = all('PodDisruptionBudget') as [Tree];
    const [policy] = all('NetworkPolicy') as [Tree];
    expect(budget.spec?.maxUnavailable).toBe(1);
    for (const selected of [
      set.spec?.selector?.matchLabels,
      budget.spec?.selector?.matchLabels,
      policy.spec?.podSelector?.matchLabels,
      ...all('Service').map(({ spec }) => spec?.selector),
    ])
      expect(selected).toEqual(labels);
  });
});
