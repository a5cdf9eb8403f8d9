import { TopGunError } from '@topgun/core';

/** What the commands themselves can fail with; the server's errors come with codes of their own. */
export const cliErrors = {
  SERVER_UNREACHABLE: {
    remedy: 'Start it with `topgun dev` or `topgun start`, or name its address with --url.',
    retriable: true,
  },
  SERVER_FAILED: {
    remedy: 'Look at the last lines of its log, and start it again: nothing acknowledged is lost.',
    retriable: true,
  },
  SERVER_ANSWER: { remedy: 'Check that --url names a TopGun server of this version.', retriable: false },
  URL_INVALID: { remedy: 'Use an address such as http://127.0.0.1:8080.', retriable: false },
  TOKEN_SECRET_MISSING: {
    remedy: 'Set TOPGUN_JWT_SECRET to the secret of the server, or pass --secret-file.',
    retriable: false,
  },
  TOKEN_SECRET_SHORT: {
    remedy: 'Use at least 32 bytes, for example from: openssl rand -base64 32',
    retriable: false,
  },
  CLOCK_WRONG: {
    remedy: 'Set the clock of this machine, for example by NTP: a repair measures the future from it.',
    retriable: false,
  },
  IMPORT_FILE_INVALID: {
    remedy:
      'Give a JSON array of records, NDJSON, or CSV with a row of names, in UTF-8; --format says which.',
    retriable: false,
  },
  IMPORT_BAD_RECORDS: {
    remedy: 'Mend the lines named above, or allow more with --bad-max.',
    retriable: false,
  },
  FILTER_INVALID: {
    remedy: 'Give the filter as a JSON object in quotes, such as \'{"done":false}\'.',
    retriable: false,
  },
  EXPLAIN_REFUSED: {
    remedy: 'Use a token with the role ADMIN that may read all of the map.',
    retriable: false,
  },
  EXPORT_CSV: {
    remedy: 'Export it as jsonl, or name the columns with --fields: a CSV holds records with fields.',
    retriable: false,
  },
  EXPORT_FILE: { remedy: 'Check the path, its permissions and the room on the disk.', retriable: true },
  EXPORT_NOT_RESUMABLE: {
    remedy: 'Leave --resume out to begin anew, or name the maps, the file and the server of the first run.',
    retriable: false,
  },
  BACKUP_FAILED: {
    remedy: 'Look into the log of the server: its disk may be full, or its store damaged.',
    retriable: true,
  },
  TOKEN_REFUSED: {
    remedy: 'Pass a token with --token or TOPGUN_TOKEN, one that has not expired and is of this server.',
    retriable: false,
  },
  ADMIN_REFUSED: {
    remedy: 'Use a token with the role ADMIN, such as one of `topgun token --roles ADMIN`.',
    retriable: false,
  },
  PASSWORDS_DIFFER: { remedy: 'Run the command again.', retriable: true },
  REVOKE_WHAT: {
    remedy: 'Give --jti with the id of a token, or --sub with a subject and perhaps --before.',
    retriable: false,
  },
  CLAIMS_INVALID: {
    remedy: 'Give them as a JSON object in quotes, such as \'{"sub":"ann","roles":["USER"]}\'.',
    retriable: false,
  },
  JSON_INVALID: { remedy: 'Give JSON, in quotes on the command line.', retriable: false },
  EXPECTATIONS_INVALID: {
    remedy: 'Give a JSON list of { name?, as, map, action, old?, record?, allowed, value? }.',
    retriable: false,
  },
  NODE_UNKNOWN: { remedy: 'Name a node that `topgun cluster:nodes` shows.', retriable: false },
  DRAIN_STOPPED: {
    remedy: 'It was started again meanwhile, or the order was lost with the coordinator: give it again.',
    retriable: true,
  },
  POSTGRES_MISSING: {
    remedy:
      'Install a PostgreSQL server of version 15 or later (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or set TOPGUN_POSTGRES to its program postgres, or name a database with --database-url.',
    retriable: false,
  },
  SERVICE_FAILED: { remedy: 'See why with --verbose; its folder and port may be in use.', retriable: true },
  NODE_FAILED: { remedy: 'See what it printed; --log-level debug shows more.', retriable: true },
  NODE_STATE: { remedy: 'Say `status` to see what each node does.', retriable: false },
  CLUSTER_RUNNING: {
    remedy: 'Stop it with `topgun cluster:stop`, or give this one another --folder.',
    retriable: false,
  },
  CLUSTER_NOT_RUNNING: {
    remedy: 'Name the --folder that it was started with; without one it was started by the same user.',
    retriable: false,
  },
  ENGINE_MISSING: {
    remedy:
      'Install Docker Engine with its compose plugin (https://docs.docker.com/engine/install), or Podman with podman-compose (https://podman.io), so that `docker compose version` works.',
    retriable: false,
  },
  ENGINE_FAILED: { remedy: 'See what it printed before; `topgun docker:logs` shows more.', retriable: false },
  COMPOSE_FILE_MISSING: {
    remedy: 'Name one with --file; docs/deploy/docker of the repository has one.',
    retriable: false,
  },
  FILE_UNREADABLE: { remedy: 'Check the path and its permissions.', retriable: false },
} as const satisfies Record<string, { readonly remedy: string; readonly retriable: boolean }>;

export type CliErrorCode = keyof typeof cliErrors;

export function cliError(code: CliErrorCode, message: string, cause?: unknown): TopGunError {
  return new TopGunError({ code, message, ...cliErrors[code], ...(cause === undefined ? {} : { cause }) });
}
