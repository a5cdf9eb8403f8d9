import { LIMITS } from '@topgun/protocol';

/** Who is believed at the other end: nobody is asked, anybody with TLS, a certificate of the right authority, one of the right name. */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

/** Where a database is and how it is spoken to, from one URL. Never to be logged whole: `shown` is for people. */
export interface DatabaseAddress {
  /** a name, an address, or a folder with a socket of Unix */
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database: string;
  /** the schema that holds the tables */
  readonly schema: string;
  /** most connections besides the guard's */
  readonly pool: number;
  readonly tls: TlsMode;
  /** paths of PEM files */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** without user, password and options */
  readonly shown: string;
}

const MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full'];
const OPTIONS = new Set(['schema', 'pool', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host']);

/**
 * Reads `postgres://user:password@host:port/database?schema=topgun&pool=4&sslmode=verify-full`. TLS with a checked certificate is the
 * standard, and none on this machine. Undefined when it is not such a URL, or holds an option that is not known: one that is silently
 * passed over could be the one that was to keep a stranger out.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) return undefined;
  const options = new Map(url.searchParams);
  if (options.size !== [...url.searchParams].length || url.hash !== '') return undefined;
  for (const name of options.keys()) if (!OPTIONS.has(name)) return undefined;
  const folder = options.get('host');
  if (folder !== undefined && (!folder.startsWith('/') || url.hostname !== '')) return undefined;
  const host = folder ?? url.hostname.replace(/^\[|\]$/g, '');
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (host === '' || !database || user === undefined || password === undefined) return undefined;
  const schema = options.get('schema') ?? 'topgun';
  const pool = Number(options.get('pool') ?? LIMITS.databaseConnections);
  const tls = options.get('sslmode') ?? (isThisMachine(host) ? 'disable' : 'verify-full');
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) return undefined;
  if (!Number.isInteger(pool) || pool < 1 || pool > LIMITS.databaseConnectionsMax) return undefined;
  if (!MODES.includes(tls)) return undefined;
  const port = url.port === '' ? 5432 : Number(url.port);
  return {
    host,
    port,
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    database,
    schema,
    pool,
    // One of the list.
    tls: tls as TlsMode,
    ...named('caFile', options.get('sslrootcert')),
    ...named('certFile', options.get('sslcert')),
    ...named('keyFile', options.get('sslkey')),
    shown: `${folder ?? url.hostname}:${port}/${database}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A % that begins nothing: the URL is not one of ours.
    return undefined;
  }
}

function named<K extends string>(name: K, value: string | undefined): { readonly [P in K]?: string } {
  // The key is the one that was given.
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: string };
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
