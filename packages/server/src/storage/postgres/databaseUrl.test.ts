import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/load.js';
import { connectionOptions } from './connection.js';
import { type DatabaseAddress, parseDatabaseUrl } from './databaseUrl.js';
import { type Postgres, startPostgres } from './local/startPostgres.js';
import { PostgresStore } from './PostgresStore.js';
import { databaseOf } from './testing/testDatabases.js';

describe('the address of a database', () => {
  it('[STO-41] one URL says it all; TLS with a checked name is the standard, and none on this machine', () => {
    expect(parseDatabaseUrl('postgres://ann:p%40ss@db.example.org/app')).toEqual({
      host: 'db.example.org',
      port: 5432,
      user: 'ann',
      password: 'p@ss',
      database: 'app',
      schema: 'topgun',
      pool: 4,
      tls: 'verify-full',
      shown: 'db.example.org:5432/app',
    });
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(parseDatabaseUrl(`postgresql://${host}:1/d`)).toMatchObject({ tls: 'disable', port: 1 });
    expect(parseDatabaseUrl('postgres:///d?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      tls: 'disable',
      shown: '/run/postgresql:5432/d',
    });
    expect(
      parseDatabaseUrl('postgres://h/d?schema=two&pool=9&sslmode=require&sslrootcert=/ca.pem'),
    ).toMatchObject({
      schema: 'two',
      pool: 9,
      tls: 'require',
      caFile: '/ca.pem',
    });
  });

  it.each([
    'mysql://h/d',
    'postgres://h',
    'postgres:///d',
    'postgres://h/d?sslmode=prefer',
    'postgres://h/d?ssl_mode=verify-full',
    'postgres://h/d?pool=0',
    'postgres://h/d?pool=101',
    'postgres://h/d?pool=1&pool=2',
    'postgres://h/d?schema=pg_catalog',
    'postgres://h/d?schema=A"; drop',
    'postgres://h/d?host=elsewhere',
    'postgres://u:%zz@h/d',
    'not a url',
  ])('[STO-41] %s is refused, and is not repeated', (url) => {
    expect(parseDatabaseUrl(url)).toBeUndefined();
    expect(() => parseConfig({ databaseUrl: url })).toThrow(/^databaseUrl: found a value that is not shown/);
  });

  it('[STO-40] every connection has bounds of its own in PostgreSQL', () => {
    const { options, connectionTimeoutMillis, query_timeout } = connectionOptions(
      parseDatabaseUrl('postgres://localhost/d') as DatabaseAddress,
    );
    expect(options).toBe(
      '-c search_path=topgun -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=10000 -c jit=off -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3',
    );
    expect([connectionTimeoutMillis, query_timeout]).toEqual([5_000, 15_000]);
  });

  it('[STO-41] a certificate that cannot be read is told by its path', () => {
    const address = parseDatabaseUrl('postgres://h/d?sslrootcert=/nowhere/ca.pem') as DatabaseAddress;
    expect(() => new PostgresStore({ address })).toThrow('/nowhere/ca.pem cannot be read (ENOENT)');
  });
});

describe('TLS to a real PostgreSQL', () => {
  let folder: string;
  let server: Postgres;
  let plain: Postgres;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-ca-'));
    const made = async (name: string) => {
      const altNames = [{ type: 2 as const, value: name }];
      return generate([{ name: 'commonName', value: name }], {
        extensions: [{ name: 'subjectAltName', altNames }],
      });
    };
    const [own, other] = await Promise.all([made('localhost'), made('other.example.org')]);
    await writeFile(join(folder, 'own.pem'), own.cert);
    await writeFile(join(folder, 'other.pem'), other.cert);
    server = await startPostgres({ tls: { cert: own.cert, key: own.private } });
    plain = await startPostgres();
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await plain.stop();
    await rm(folder, { recursive: true });
  });

  const open = async (at: Postgres, options: string, host: string): Promise<string> => {
    const store = new PostgresStore({ address: { ...databaseOf(at, 'tls', options), host } });
    try {
      await store.open();
      return 'open';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await store.close();
    }
  };

  it('[STO-41] sslmode says who is believed at the other end', async () => {
    const own = `&sslrootcert=${join(folder, 'own.pem')}`;
    const other = `&sslrootcert=${join(folder, 'other.pem')}`;
    expect(await open(server, `&sslmode=verify-full${own}`, 'localhost')).toBe('open');
    expect(await open(server, `&sslmode=verify-full${own}`, '127.0.0.1')).toContain(
      "does not match certificate's",
    );
    expect(await open(server, `&sslmode=verify-ca${own}`, '127.0.0.1')).toBe('open');
    expect(await open(server, `&sslmode=verify-ca${other}`, '127.0.0.1')).toContain(
      'self-signed certificate',
    );
    expect(await open(server, '&sslmode=require', '127.0.0.1')).toBe('open');
    expect(await open(plain, '&sslmode=require', '127.0.0.1')).toContain('does not support SSL');
    expect(await open(plain, '', '127.0.0.1')).toBe('open');
  });
});
