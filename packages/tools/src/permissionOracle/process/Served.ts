import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Logger,
  type Policy,
  type Principal,
  type ServerConfigInput,
  ServerCoordinator,
} from '@topgun/server';
import { SecurityManager } from '@topgun/server/internal/security/SecurityManager';
import { freePort, topgun } from '@topgun/sim/internal/crash/harness';
import { ServerProcess } from '@topgun/sim/internal/crash/ServerProcess';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';

/** A server that listens. */
export interface Served {
  readonly port: number;
  /** what somebody signs in with */
  readonly tokenOf: (principal: Principal) => Promise<string>;
  /** everything that it has logged */
  readonly log: () => Buffer;
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly policies: readonly Policy[];
  readonly secret: string;
  /** an empty one */
  readonly folder: string;
}

/** One whose rights can be changed while it runs. */
export interface ServedHere extends Served {
  setPolicies(policies: readonly Policy[]): void;
}

/** Starts a server with these rights and this secret of tokens. */
export type Serve = (options: ServeOptions) => Promise<Served>;

const HERE = 'here.';
/** The bridge is on, and nobody is kept waiting by a limit: they are not what is asked about. */
const MANY = 100_000;
const OPEN = [
  '--bridge',
  ...['sse', 'ws', 'bridge'].flatMap((door) => [`--${door}-connections-per-ip-max`, String(MANY)]),
  ...['--bridge-messages-per-ip-max', String(MANY)],
];
const OPEN_HERE: ServerConfigInput = {
  bridge: true,
  wsScopeRequired: false,
  sseConnectionsPerIpMax: MANY,
  wsConnectionsPerIpMax: MANY,
  bridgeConnectionsPerIpMax: MANY,
  bridgeMessagesPerIpMax: MANY,
};

/** `topgun start` as operators run it, in a process of its own, on a store of its own. */
export const serveProcess: Serve = async ({ policies, secret, folder }) => {
  const policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, JSON.stringify(policies));
  const args = [
    '--data-dir',
    join(folder, 'data'),
    '--policies-file',
    policiesFile,
    '--log-level',
    'debug',
    '--slow-query-ms',
    '1',
    '--debug',
    '--debug-values',
    ...OPEN,
  ];
  const logged: Buffer[] = [];
  const server = new ServerProcess(
    args,
    { TOPGUN_JWT_SECRET: secret, TOPGUN_WS_SCOPE_REQUIRED: 'false' },
    (data) => logged.push(data),
  );
  const port = await freePort();
  await server.start(port);
  return {
    port,
    tokenOf: ({ sub, roles }) =>
      topgun(['token', '--sub', sub, '--roles', roles.join(), '--ttl', '1h'], { TOPGUN_JWT_SECRET: secret }),
    log: () => Buffer.concat(logged),
    stop: () => server.kill(),
  };
};

/** The same server in this process, on memory, with tokens that say in plain words whom they speak for: for leaks that are planted in it. */
export async function serveHere(
  { policies, secret, folder }: ServeOptions,
  config: ServerConfigInput = {},
): Promise<ServedHere> {
  const lines: string[] = [];
  const note = (...line: unknown[]): void => {
    lines.push(JSON.stringify(line));
  };
  const logger = {
    ...{ trace: note, debug: note, info: note, warn: note, error: note, fatal: note },
    isLevelEnabled: () => true,
    child: () => logger as unknown,
  };
  const server = new ServerCoordinator(
    // The configuration as a file would give it.
    {
      port: 0,
      storage: 'memory',
      dataDir: join(folder, 'data'),
      jwtSecret: secret,
      debug: true,
      debugValues: true,
      ...OPEN_HERE,
      policies: policies as never,
      ...config,
    },
    // All that the server uses of it.
    { logger: logger as unknown as Logger },
  );
  const forget = replaceMethod(
    SecurityManager,
    'verify',
    (verify) =>
      function (this: SecurityManager, token, ...rest) {
        if (token?.startsWith(HERE) !== true) return verify.call(this, token, ...rest);
        // Made below.
        const principal = JSON.parse(
          Buffer.from(token.slice(HERE.length), 'base64url').toString(),
        ) as Principal;
        return Promise.resolve({ principal });
      },
  );
  const { port } = await server.start();
  return {
    port,
    tokenOf: async (principal) => HERE + Buffer.from(JSON.stringify(principal)).toString('base64url'),
    log: () => Buffer.from(lines.join('\n')),
    setPolicies: (next) => server.setPolicies(next),
    stop: async () => {
      await server.shutdown();
      forget();
    },
  };
}
