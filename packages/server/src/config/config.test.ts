import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearRegex } from '@topgun/search/regex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from './load.js';
import { configuredPolicies, policiesIn } from './loadPolicies.js';
import { configHelp, envOf, flagOf, hasFlag, settingNames, settings } from './schema.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, `${Math.abs(JSON.stringify(content).length)}-${settingNames.length}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('loadConfig', () => {
  it('[OPS-20] without anything given every setting has its standard value, and the whole is frozen', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      storage: 'embedded',
      dev: false,
      policies: [],
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('[OPS-20] [S004-3] flags win over environment, environment over file, file over defaults', async () => {
    const path = await file({ port: 2, host: 'file', dataDir: 'file', logLevel: 'warn' });
    const config = loadConfig({
      args: ['--port', '4', '--config', path],
      env: { TOPGUN_PORT: '3', TOPGUN_HOST: 'env' },
      defaults: { port: 1, host: 'default', dataDir: 'default', storage: 'memory' },
    });
    expect(config).toMatchObject({
      port: 4,
      host: 'env',
      dataDir: 'file',
      storage: 'memory',
      logLevel: 'warn',
    });
  });

  it('[OPS-20] every type can be written as text', () => {
    const args = ['--dev', '--origins', 'https://a.example, http://localhost:3000', '--drain-ms=5'];
    expect(loadConfig({ args })).toMatchObject({
      dev: true,
      origins: ['https://a.example', 'http://localhost:3000'],
      drainMs: 5,
    });
    expect(loadConfig({ env: { TOPGUN_DEV: '1' } }).dev).toBe(true);
  });

  it('[CLK-4] the admitted skew is a setting of file, environment and flag', async () => {
    const path = await file({ skewMs: 2000 });
    expect(loadConfig({}).skewMs).toBe(60_000);
    expect(loadConfig({ file: path }).skewMs).toBe(2000);
    expect(loadConfig({ file: path, env: { TOPGUN_SKEW_MS: '3000' } }).skewMs).toBe(3000);
    expect(loadConfig({ args: ['--skew-ms=4000'], env: { TOPGUN_SKEW_MS: '3000' } }).skewMs).toBe(4000);
  });

  it('[GC-1] the retention of deletions is a setting in days, a month when left out', () => {
    expect(loadConfig({}).retentionDays).toBe(30);
    expect(loadConfig({ args: ['--retention-days=7'] }).retentionDays).toBe(7);
  });

  it.each<[string, Parameters<typeof loadConfig>[0], RegExp]>([
    [
      'a retention shorter than a holiday',
      { env: { TOPGUN_RETENTION_DAYS: '6' } },
      /TOPGUN_RETENTION_DAYS: found 6, allowed is days from 7 to 3650/,
    ],
    [
      'a skew too small',
      { args: ['--skew-ms', '999'] },
      /--skew-ms: found 999, allowed is milliseconds from/,
    ],
    ['a skew too large', { env: { TOPGUN_SKEW_MS: '3600001' } }, /TOPGUN_SKEW_MS: found 3600001/],
    [
      'a port that is no number',
      { args: ['--port', 'abc'] },
      /--port: found "abc", allowed is a whole number from 0 to 65535/,
    ],
    ['a port out of range', { env: { TOPGUN_PORT: '70000' } }, /TOPGUN_PORT: found 70000/],
    ['an empty port', { env: { TOPGUN_PORT: '' } }, /TOPGUN_PORT: found ""/],
    ['an unknown flag', { args: ['--prot', '1'] }, /--prot/],
    ['a word too many', { args: ['now'] }, /now/],
    [
      'a wrong choice',
      { env: { TOPGUN_STORAGE: 'sqlite' } },
      /TOPGUN_STORAGE: found "sqlite", allowed is embedded or memory/,
    ],
    [
      'a switch that is neither',
      { env: { TOPGUN_DEV: 'yes' } },
      /TOPGUN_DEV: found "yes", allowed is true or false/,
    ],
    ['a bad origin among good ones', { args: ['--origins', 'https://a.example,b'] }, /--origins at 1/],
    ['a file that is missing', { file: '/nowhere/topgun.json' }, /nowhere/],
  ])('[OPS-21] %s is refused with place, found and allowed', (_, sources, message) => {
    expect(() => loadConfig(sources)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('[OPS-21] a file with an unknown setting, or no object, or no JSON, is refused', async () => {
    const wrong = async (content: unknown): Promise<unknown> => {
      const path = await file(content);
      return expect(() => loadConfig({ file: path })).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    };
    await wrong({ prot: 1 });
    await wrong([1]);
    await wrong('{');
    await wrong({ policies: [{ role: 'A', map: 'm', actions: ['WRITE'] }] });
  });

  it('[OPS-22] a secret has no flag and is never shown', () => {
    expect(hasFlag('jwtSecret')).toBe(false);
    expect(() => loadConfig({ args: ['--jwt-secret', 'x'] })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect(() => loadConfig({ env: { TOPGUN_JWT_SECRET: '' } })).toThrowError(
      expect.objectContaining({ message: expect.stringMatching(/not shown/) }),
    );
  });

  it('[OPS-21] a program that passes an unknown setting is told', () => {
    expect(() => parseConfig({ prot: 1 } as object)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('policies', () => {
  it('[OPS-23] policies of the config and of the file are joined; development adds one that allows all', async () => {
    const one = { role: 'A', map: 'm', actions: ['READ' as const] };
    const policiesFile = await file([
      { ...one, role: 'B', where: { op: 'eq', path: 'owner', value: { $auth: 'sub' } } },
    ]);
    const config = parseConfig({ policies: [one], policiesFile, dev: true });
    const roles = [...configuredPolicies(config, {}), ...policiesIn(policiesFile, {})];
    expect(roles.map(({ role }) => role)).toEqual(['A', 'ADMIN', 'B']);
  });

  it('[OPS-23] a predicate with an unknown operator is refused at start', () => {
    const policies = [{ role: 'A', map: 'm', actions: ['READ' as const], where: { op: 'equals' } }];
    expect(() => configuredPolicies(parseConfig({ policies }), {})).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('[ERR-7] an expression that the server does not take is refused by the name of its policy', () => {
    const where = { op: 'regex', path: 'name', pattern: '(a)\\1' };
    const config = parseConfig({ policies: [{ role: 'A', map: 'm', actions: ['READ'], where }] });
    expect(() => configuredPolicies(config, { regex: linearRegex })).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('Policy 0: where: Invalid predicate at $.pattern'),
      }),
    );
  });
});

describe('configHelp', () => {
  it('[OPS-24] names every setting with flag, environment name, meaning, allowed values and default', () => {
    const help = configHelp();
    for (const name of settingNames) {
      if (hasFlag(name)) expect(help).toContain(flagOf(name));
      if (settings[name].from !== 'file only') expect(help).toContain(envOf(name));
      expect(help).toContain(settings[name].help);
    }
    expect(help).toMatchInlineSnapshot(`
      "  --config <text>, TOPGUN_CONFIG
            JSON file with any of these settings.
        --host <text>, TOPGUN_HOST
            Address to listen on. Allowed: a host name or address. Default: 127.0.0.1.
        --port <number>, TOPGUN_PORT
            Port; 0 takes any free one. Allowed: a whole number from 0 to 65535. Default: 8080.
        --tls-cert-file <text>, TOPGUN_TLS_CERT_FILE
            File with the certificate and its chain (PEM): HTTPS and WSS alone, read again when it changes. Allowed: a path.
        --tls-key-file <text>, TOPGUN_TLS_KEY_FILE
            File with the key of the certificate (PEM). Allowed: a path.
        --origins <list>, TOPGUN_ORIGINS
            Web origins that may connect, and ask over HTTP from elsewhere; when left out, any but null may connect. Allowed: origins such as https://app.example, or null, parted by commas.
        --trusted-proxies <list>, TOPGUN_TRUSTED_PROXIES
            Reverse proxies whose word about the address of a client is believed; none when left out. Allowed: addresses and networks such as 10.0.0.0/8, parted by commas.
        --proxy-header <text>, TOPGUN_PROXY_HEADER
            The header that these proxies write; it must be one that they replace or add to. Allowed: x-forwarded-for or forwarded. Default: x-forwarded-for.
        --static-dir <text>, TOPGUN_STATIC_DIR
            Folder of a built web app to serve at /. Allowed: a path.
        --admin-dir <text>, TOPGUN_ADMIN_DIR
            Folder of the built dashboard to serve at /admin/; \`topgun\` brings one. Allowed: a path.
        --dev, TOPGUN_DEV
            Development: no token needed, everybody is ADMIN. Loopback only. Allowed: true or false. Default: false.
        --node-id <text>, TOPGUN_NODE_ID
            Name of this node; drawn at each start when left out. Allowed: 1 to 64 of A-Z a-z 0-9 _ . -.
        --drain-ms <number>, TOPGUN_DRAIN_MS
            Longest graceful stop, in ms. Allowed: milliseconds from 0 to 600000. Default: 25000.
        --drain-delay-ms <number>, TOPGUN_DRAIN_DELAY_MS
            Of that, how long a stop serves on and only /ready says no, so that proxies see it first; half of it at most, in ms. Allowed: milliseconds from 0 to 600000. Default: 0.
        TOPGUN_JWT_SECRET
            Secret of HS256 tokens. Allowed: 32 bytes or more.
        --jwt-secret-file <text>, TOPGUN_JWT_SECRET_FILE
            File that holds the secret of HS256 tokens. Allowed: a path.
        --jwt-public-key-file <text>, TOPGUN_JWT_PUBLIC_KEY_FILE
            File with the public key (PEM) of RS256, ES256 or EdDSA tokens. Allowed: a path.
        "keys" in the config file
            More keys of tokens, for changing keys and for several issuers. Allowed: a list of { kid?, alg: HS256, RS256, ES256 or EdDSA, secretFile or publicKeyFile, issuer?, audience? }.
        --jwks-url <text>, TOPGUN_JWKS_URL
            Where an issuer publishes the public keys of its tokens (JWKS). Allowed: an https address, or http on this machine.
        --jwt-issuer <text>, TOPGUN_JWT_ISSUER
            Tokens must name this issuer (iss). Allowed: a string. Default: topgun.
        --jwt-audience <text>, TOPGUN_JWT_AUDIENCE
            Tokens must name this audience (aud). Allowed: a string. Default: topgun.
        --token-hours-max <number>, TOPGUN_TOKEN_HOURS_MAX
            Longest time from the issue of a token to its end, in hours. Allowed: hours from 1 to 87840. Default: 8784.
        --operators-file <text>, TOPGUN_OPERATORS_FILE
            JSON file with the operators, as \`topgun operator:add\` writes it; auth/operators.json in the data folder when left out. Allowed: a path.
        "policies" in the config file
            Who may do what; nothing is allowed that no policy allows. Allowed: a list of { name?, role, map, actions, where?, fields? }.
        --policies-file <text>, TOPGUN_POLICIES_FILE
            JSON file with more policies, taken over within seconds when it changes. Allowed: a path.
        --data-dir <text>, TOPGUN_DATA_DIR
            Folder of the embedded store, of the logs of topics, and of what guards the doors. Allowed: a path. Default: ./topgun-data.
        --storage <text>, TOPGUN_STORAGE
            Where data is kept, without databaseUrl. memory: gone when the server stops. Allowed: embedded or memory. Default: embedded.
        --database-url <text>, TOPGUN_DATABASE_URL
            PostgreSQL 15 or later that keeps the records in place of dataDir. Give a password in the environment: flags can be read by every user of the machine. Allowed: postgres://user:password@host:port/database, with any of ?schema=topgun&pool=4&sslmode=verify-full (disable, require, verify-ca)&sslrootcert=, sslcert= and sslkey= (files)&host=/folder/of/a/socket; empty for none.
        --volatile-maps <list>, TOPGUN_VOLATILE_MAPS
            Maps kept in memory alone, gone when the server stops; those that the store holds data of stay there. Allowed: map patterns such as cursors:*, parted by commas.
        "resolvers" in the config file
            Which conflict resolver judges the writes to which maps; the first that names a map counts. Allowed: a list of { map, resolver }.
        --retention-days <number>, TOPGUN_RETENTION_DAYS
            How long deletions are remembered, in days. Allowed: days from 7 to 3650. Default: 30.
        --skew-ms <number>, TOPGUN_SKEW_MS
            How far a write may be stamped ahead of the server, in ms. Allowed: milliseconds from 1000 to 3600000. Default: 60000.
        --ntp-servers <list>, TOPGUN_NTP_SERVERS
            Time servers (NTP) that correct the local clock, in the order in which they are asked; none when left out. Allowed: 1 to 4 of host or host:port, parted by commas.
        "indexes" in the config file
            Indexes of maps; the first name or pattern that fits a map counts. Allowed: lists of { kind: hash or ordered, path, name? } and { kind: compound, paths, name? } by map or map pattern.
        --queries-per-user-max <number>, TOPGUN_QUERIES_PER_USER_MAX
            Live queries that one subject of tokens may have open at once. Allowed: a whole number from 1 to 1000000. Default: 2000.
        --query-rows-per-user-max <number>, TOPGUN_QUERY_ROWS_PER_USER_MAX
            Rows of their results together, counted when they are opened. Allowed: a whole number from 1 to 1000000000. Default: 500000.
        --slow-query-ms <number>, TOPGUN_SLOW_QUERY_MS
            Queries whose first result takes longer are logged, without their values, in ms; 0 logs all. Allowed: milliseconds from 0 to 3600000. Default: 50.
        TOPGUN_REDIS_URL
            Redis 7 or later that carries the messages of topics between nodes; none when left out. Allowed: redis://user:password@host:port, rediss:// for TLS; of a cluster some of its nodes, parted by commas; empty for none.
        --redis-cluster, TOPGUN_REDIS_CLUSTER
            Redis is a Redis Cluster: the address is that of any of its nodes. Allowed: true or false. Default: false.
        --redis-sentinels <list>, TOPGUN_REDIS_SENTINELS
            Sentinels that name the Redis master; of redisUrl only scheme, user and password count then. Allowed: up to 64 of host:port, parted by commas.
        --redis-master-name <text>, TOPGUN_REDIS_MASTER_NAME
            What the Sentinels call the group of the master. Allowed: a name. Default: mymaster.
        --redis-prefix <text>, TOPGUN_REDIS_PREFIX
            First part of all names in Redis. Servers with different prefixes do not hear each other. Allowed: 1 to 64 of A-Z a-z 0-9 _ . : -. Default: topgun.
        --redis-tls-insecure, TOPGUN_REDIS_TLS_INSECURE
            With rediss: take any certificate. The connection is encrypted, but who is at its other end is not known. Allowed: true or false. Default: false.
        --redis-replicas <number>, TOPGUN_REDIS_REPLICAS
            Replicas of its Redis master that must have a durable message, as those of mailboxes are, before it is accepted; 0: the master alone. Allowed: a whole number from 0 to 5. Default: 0.
        --cluster, TOPGUN_CLUSTER
            Runs as one of several nodes over the database of databaseUrl; each needs a nodeId of its own and the same clusterSecret. Allowed: true or false. Default: false.
        TOPGUN_CLUSTER_SECRET
            With which the nodes of a cluster know each other; not needed in development. Allowed: 32 to 1024 characters.
        --cluster-address <text>, TOPGUN_CLUSTER_ADDRESS
            Where the other nodes reach this one; host and port when left out, which needs a host that is not 0.0.0.0 or ::. Allowed: host:port, with ws:// or wss:// before it if wanted.
        --public-url <text>, TOPGUN_PUBLIC_URL
            Where clients reach this node from outside; told to clients that choose their node themselves. Allowed: ws://host:port or wss://host:port.
        "topicNamespaces" in the config file
            How many messages the topics whose name matches keep, and how long; count 0 keeps none. The longest pattern counts. Allowed: a list of { pattern, count, ageMs, bytes, durable, whenFull }, all but the first two optional.
        --room-members-max <number>, TOPGUN_ROOM_MEMBERS_MAX
            Members of one room on this node. Allowed: a whole number from 1 to 1000000. Default: 1000.
        --rooms-per-user-max <number>, TOPGUN_ROOMS_PER_USER_MAX
            Rooms that one subject of tokens is in at once, over all of its connections to this node. Allowed: a whole number from 1 to 100000. Default: 10.
        --room-members-total-max <number>, TOPGUN_ROOM_MEMBERS_TOTAL_MAX
            Members of all rooms together on this node. Allowed: a whole number from 1 to 10000000. Default: 100000.
        --room-idle-ms <number>, TOPGUN_ROOM_IDLE_MS
            Time after which the members of a room in which nothing is said are put out, in ms; 0 = for ever. Allowed: milliseconds from 0 to 2147483647. Default: 1800000.
        --room-max-ms <number>, TOPGUN_ROOM_MAX_MS
            The longest stay in a room, in ms; 0 = for ever. Allowed: milliseconds from 0 to 2147483647. Default: 86400000.
        --room-presence, TOPGUN_ROOM_PRESENCE
            Announces who is in which room, so that /api/presence lists them on every node. Allowed: true or false. Default: true.
        --connections-max <number>, TOPGUN_CONNECTIONS_MAX
            Sockets open at once. Allowed: a whole number from 1 to 1000000. Default: 20000.
        --connections-per-ip-max <number>, TOPGUN_CONNECTIONS_PER_IP_MAX
            Sockets open at once from one address. Allowed: a whole number from 1 to 1000000. Default: 1000.
        --out-queues-heap-share <number>, TOPGUN_OUT_QUEUES_HEAP_SHARE
            What all sockets together may hold unsent, as a share of the heap's limit; beyond it the slowest are cut. Allowed: a share from 0.01 to 0.9. Default: 0.25.
        --connections-per-user-max <number>, TOPGUN_CONNECTIONS_PER_USER_MAX
            Sockets that one subject of tokens may have open at once. Allowed: a whole number from 1 to 1000000. Default: 100.
        --strangers-max <number>, TOPGUN_STRANGERS_MAX
            Sockets open at once whose clients have not been authenticated. Allowed: a whole number from 1 to 1000000. Default: 5000.
        --handshakes-max <number>, TOPGUN_HANDSHAKES_MAX
            WebSocket handshakes a second; ten times as many at once after a pause. Allowed: a whole number from 1 to 1000000. Default: 1000.
        --handshakes-per-ip-max <number>, TOPGUN_HANDSHAKES_PER_IP_MAX
            The same from one address. Allowed: a whole number from 1 to 1000000. Default: 200.
        --http-requests-per-ip-max <number>, TOPGUN_HTTP_REQUESTS_PER_IP_MAX
            HTTP requests from one address a second; ten times as many at once. Allowed: a whole number from 1 to 1000000. Default: 500.
        --http-requests-per-user-max <number>, TOPGUN_HTTP_REQUESTS_PER_USER_MAX
            The same with the tokens of one subject. Allowed: a whole number from 1 to 1000000. Default: 200.
        --ops-per-second-per-user-max <number>, TOPGUN_OPS_PER_SECOND_PER_USER_MAX
            Writes and requests of one subject a second; ten times as many at once after a pause. Allowed: a whole number from 1 to 1000000. Default: 5000.
        --bytes-per-second-per-user-max <number>, TOPGUN_BYTES_PER_SECOND_PER_USER_MAX
            Bytes that one subject may send a second; ten times as many at once after a pause. Allowed: a whole number from 1 to 1000000000. Default: 4194304.
        --subscriptions-per-user-max <number>, TOPGUN_SUBSCRIPTIONS_PER_USER_MAX
            Maps, queries and topics that one subject may follow at once, over all of its connections. Allowed: a whole number from 1 to 1000000. Default: 5000.
        --maps-max <number>, TOPGUN_MAPS_MAX
            Maps of the server. Allowed: a whole number from 1 to 10000000. Default: 100000.
        --new-maps-per-user-max <number>, TOPGUN_NEW_MAPS_PER_USER_MAX
            Maps that one subject may be the first to write to within an hour. Allowed: a whole number from 1 to 10000000. Default: 1000.
        --idle-session-ms <number>, TOPGUN_IDLE_SESSION_MS
            How long a connection may follow nothing and send nothing but pings, in ms; 0 = for ever. Allowed: milliseconds from 0 to 2147483647. Default: 3600000.
        --max-session-ms <number>, TOPGUN_MAX_SESSION_MS
            Longest life of a connection, whose client then connects again, in ms; 0 = for ever. Allowed: milliseconds from 0 to 2147483647. Default: 86400000.
        --sse-connections-max <number>, TOPGUN_SSE_CONNECTIONS_MAX
            Event streams open at once. Allowed: a whole number from 1 to 1000000. Default: 10000.
        --sse-connections-per-user-max <number>, TOPGUN_SSE_CONNECTIONS_PER_USER_MAX
            Event streams that one subject of tokens may have open at once. Allowed: a whole number from 1 to 1000000. Default: 10.
        --sse-connections-per-ip-max <number>, TOPGUN_SSE_CONNECTIONS_PER_IP_MAX
            Event streams open at once from one address. Allowed: a whole number from 1 to 1000000. Default: 5.
        --sse-heartbeat-ms <number>, TOPGUN_SSE_HEARTBEAT_MS
            Pause between two comments that keep a silent event stream open, in ms. Allowed: milliseconds from 1000 to 3600000. Default: 30000.
        --bridge-connections-max <number>, TOPGUN_BRIDGE_CONNECTIONS_MAX
            Listeners of the message bridge at once. Allowed: a whole number from 1 to 1000000. Default: 20000.
        --bridge-connections-per-ip-max <number>, TOPGUN_BRIDGE_CONNECTIONS_PER_IP_MAX
            Listeners of the message bridge at once from one address. Allowed: a whole number from 1 to 1000000. Default: 50.
        --ws-connections-max <number>, TOPGUN_WS_CONNECTIONS_MAX
            JSON sockets open at once. Allowed: a whole number from 1 to 1000000. Default: 10000.
        --ws-connections-per-user-max <number>, TOPGUN_WS_CONNECTIONS_PER_USER_MAX
            JSON sockets that one subject of tokens may have open at once. Allowed: a whole number from 1 to 1000000. Default: 100.
        --ws-connections-per-ip-max <number>, TOPGUN_WS_CONNECTIONS_PER_IP_MAX
            JSON sockets open at once from one address. Allowed: a whole number from 1 to 1000000. Default: 1000.
        --ws, TOPGUN_WS
            Whether there is a JSON WebSocket for topics at /ws. Allowed: true or false. Default: true.
        --ws-scope-required, TOPGUN_WS_SCOPE_REQUIRED
            Whether a token needs the scope ws:connect for /ws. Allowed: true or false. Default: true.
        --tenant-claim <text>, TOPGUN_TENANT_CLAIM
            The claim of a token that names the tenant it speaks for. Allowed: a string. Default: tenant_id.
        --ws-heartbeat-ms <number>, TOPGUN_WS_HEARTBEAT_MS
            Between two pings on /ws, in ms; who is silent for two of these is cut. Allowed: milliseconds from 100 to 3600000. Default: 30000.
        --ws-idle-ms <number>, TOPGUN_WS_IDLE_MS
            After which a connection to /ws that says and hears nothing is closed, in ms; 0 for never. Allowed: milliseconds from 0 to 86400000. Default: 1800000.
        --ws-messages-per-connection-max <number>, TOPGUN_WS_MESSAGES_PER_CONNECTION_MAX
            Frames that one connection to /ws may send a second. Allowed: a whole number from 1 to 1000000. Default: 100.
        --ws-messages-per-user-max <number>, TOPGUN_WS_MESSAGES_PER_USER_MAX
            Frames that one user may send a second over all its connections to /ws. Allowed: a whole number from 1 to 1000000. Default: 500.
        --bridge, TOPGUN_BRIDGE
            The message bridge, where programs that share no account send each other messages; open to everybody. Allowed: true or false. Default: false.
        --bridge-path <text>, TOPGUN_BRIDGE_PATH
            What the paths of the message bridge begin with. Allowed: a path such as /bridge. Default: /bridge.
        --bridge-messages-per-ip-max <number>, TOPGUN_BRIDGE_MESSAGES_PER_IP_MAX
            Messages posted to the bridge from one address a second. Allowed: a whole number from 1 to 1000000. Default: 10.
        TOPGUN_BRIDGE_BYPASS_TOKENS
            Who sends one of them as Authorization: Bearer is not held to the limits of the bridge by address. Allowed: texts of 16 characters or more, parted by commas.
        --bridge-webhook-urls <list>, TOPGUN_BRIDGE_WEBHOOK_URLS
            Addresses that are told of bridge messages that name a topic. Allowed: http addresses, parted by commas.
        --bridge-copy-to-url <text>, TOPGUN_BRIDGE_COPY_TO_URL
            Address that gets a copy of every bridge message. Allowed: an http address.
        --bridge-ttl-seconds-max <number>, TOPGUN_BRIDGE_TTL_SECONDS_MAX
            How long a bridge message may ask to be kept, in seconds. Allowed: seconds from 300 to 604800. Default: 300.
        --mailboxes <text>, TOPGUN_MAILBOXES
            Where mailboxes lie. embedded: in the store of this node, which no other node knows; redis: with all nodes of that Redis. Allowed: embedded or redis; with a Redis and the bridge it has to be said.
        --bridge-mailbox-messages-max <number>, TOPGUN_BRIDGE_MAILBOX_MESSAGES_MAX
            Messages that one mailbox of the bridge holds; more are refused. Allowed: a whole number from 1 to 1000000. Default: 5000.
        --bridge-mailbox-bytes-max <number>, TOPGUN_BRIDGE_MAILBOX_BYTES_MAX
            Bytes that one mailbox of the bridge holds; more are refused. Allowed: bytes from 10485760 to 2147483647. Default: 33554432.
        --bridge-heartbeat-ms <number>, TOPGUN_BRIDGE_HEARTBEAT_MS
            Pause between two heartbeats of the bridge, in ms. Allowed: milliseconds from 1000 to 3600000. Default: 10000.
        --bridge-lifetime-ms <number>, TOPGUN_BRIDGE_LIFETIME_MS
            Life of a listener of the bridge, which then connects again, in ms. Allowed: milliseconds from 1000 to 2147483647. Default: 7200000.
        --bridge-lifetime-jitter-ms <number>, TOPGUN_BRIDGE_LIFETIME_JITTER_MS
            What is drawn on top of that at most, in ms. Allowed: milliseconds from 0 to 2147483647. Default: 900000.
        --log-level <text>, TOPGUN_LOG_LEVEL
            What is logged. Allowed: silent, fatal, error, warn, info, debug or trace. Default: info.
        --metrics-port <number>, TOPGUN_METRICS_PORT
            A port of its own for /metrics, which needs no token there, and the probes; 0 takes any free one. When left out /metrics is on the main port, for ADMINs and the metricsToken. Allowed: a whole number from 0 to 65535.
        --metrics-host <text>, TOPGUN_METRICS_HOST
            Address that the metrics port listens on. Whoever reaches it reads the metrics. Allowed: a host name or address. Default: 127.0.0.1.
        TOPGUN_METRICS_TOKEN
            A scraper that sends it as Authorization: Bearer reads /metrics on the main port, and nothing else. Allowed: 16 characters or more.
        --metrics-maps-max <number>, TOPGUN_METRICS_MAPS_MAX
            How many maps are named in the metrics, by the first part of their names; 0 names none. Allowed: a whole number from 0 to 1000. Default: 20.
        --backup-dir <text>, TOPGUN_BACKUP_DIR
            Folder that backups of the running server are made in; \`backups\` in the data folder when left out. Another disk is better. Allowed: a path.
        --backup-hours <number>, TOPGUN_BACKUP_HOURS
            A backup is made when the newest is older than this, in hours; 0 makes none by itself. Allowed: hours from 0 to 8760. Default: 0.
        --backup-keep <number>, TOPGUN_BACKUP_KEEP
            How many backups stay in that folder; older ones go when a newer one is complete. Allowed: a whole number from 1 to 1000. Default: 7.
        --debug, TOPGUN_DEBUG
            Opens /api/debug to the role ADMIN and keeps a log of the last operations; on in development when left out. Allowed: true or false.
        --debug-values, TOPGUN_DEBUG_VALUES
            That log keeps the values written, too. Allowed: true or false. Default: false.
        --webhooks-file <text>, TOPGUN_WEBHOOKS_FILE
            JSON file with the senders of POST /webhooks/<provider> and their secrets, taken over within seconds when it changes. Allowed: a path.
        --webhook-networks <list>, TOPGUN_WEBHOOK_NETWORKS
            Networks that are not public and that webhooks may nevertheless be sent to, over http too. Allowed: addresses and networks such as 10.0.0.0/8, parted by commas."
    `);
  });
});
