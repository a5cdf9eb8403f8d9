import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { LIMITS } from '@topgun/protocol';
import pg from 'pg';
import { serverError } from '../../errors.js';
import type { DatabaseAddress } from './databaseUrl.js';

const BIGINT = 20;

/** PERSISTED is said of what is on a disk, and an epoch given once is never given again: a database that answers before is told to wait. */
export const SYNCHRONOUS = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/** Numbers of 64 bits as numbers: none of ours is above 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === BIGINT ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
};

/**
 * How connections to a database are made. Each has its own bounds in PostgreSQL, so that nothing of ours runs or holds a lock for ever
 * there when this process is gone or cut off. Throws CONFIG_INVALID for a file of the address that cannot be read.
 */
export function connectionOptions(address: DatabaseAddress): pg.ClientConfig {
  const { host, port, user, password, database, schema } = address;
  const settings = {
    search_path: schema,
    statement_timeout: LIMITS.databaseStatementMs,
    lock_timeout: LIMITS.databaseLockMs,
    idle_in_transaction_session_timeout: LIMITS.databaseStatementMs,
    // Every statement of ours touches few rows. Compiling one takes longer than all else, and an estimate that is far off asks for it.
    jit: 'off',
    // A machine that vanished is noticed after these seconds, and its locks are free.
    tcp_keepalives_idle: 5,
    tcp_keepalives_interval: 2,
    tcp_keepalives_count: 3,
  };
  return {
    host,
    port,
    user,
    password,
    database,
    types,
    ssl: tlsOf(address),
    application_name: 'topgun',
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    connectionTimeoutMillis: LIMITS.databaseConnectMs,
    query_timeout: LIMITS.databaseStatementMs + LIMITS.databaseSilenceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  };
}

function tlsOf({ tls, host, caFile, certFile, keyFile }: DatabaseAddress): ConnectionOptions | false {
  if (tls === 'disable') return false;
  return {
    ...(caFile !== undefined && { ca: pem('sslrootcert', caFile) }),
    ...(certFile !== undefined && { cert: pem('sslcert', certFile) }),
    ...(keyFile !== undefined && { key: pem('sslkey', keyFile) }),
    rejectUnauthorized: tls !== 'require',
    ...(tls !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(!/^[\d.]+$|:/.test(host) && { servername: host }),
  };
}

function pem(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw serverError(
      'CONFIG_INVALID',
      `${option} of databaseUrl: ${path} cannot be read (${reason}).`,
      cause,
    );
  }
}
