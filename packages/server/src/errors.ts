import { TopGunError } from '@topgun/core';

/** Every code the server's own parts throw or answer over HTTP with a remedy. Codes that travel lie in `@topgun/protocol`. */
export const serverErrors = {
  POLICY_INVALID: {
    remedy:
      'Correct the named policy: role, map pattern, actions READ, PUT, REMOVE, and optionally where and fields.',
    retriable: false,
  },
  POLICY_CONFLICT: {
    remedy:
      'Somebody else replaced the policies meanwhile: read them again, and send yours with their version.',
    retriable: false,
  },
  RESOLVER_INVALID: {
    remedy:
      'Correct the named rule or function: rules are { map, resolver }, and every name is a built-in resolver or one of the program.',
    retriable: false,
  },
  TOPIC_DENIED: {
    remedy:
      'Hearing a topic needs READ, speaking on it PUT, on the map `topic:<name>`: add a policy, or use another token.',
    retriable: false,
  },
  TOPIC_INVALID: {
    remedy: 'Correct what the message names: topics, event names, ids, times to live and data have bounds.',
    retriable: false,
  },
  BUS_UNAVAILABLE: {
    remedy: 'Publish again later: messages of this topic cannot be accepted at the moment.',
    retriable: true,
  },
  STORE_LOCKED: {
    remedy:
      'Stop the other server that uses this folder or database, or give this one another dataDir or databaseUrl.',
    retriable: true,
  },
  STORE_VERSION: {
    remedy:
      'Start the server version that wrote this folder or database, or a later one. Downgrades are not supported. PostgreSQL has to be 15 or later.',
    retriable: false,
  },
  STORE_CORRUPT: {
    remedy:
      'Do not write to this folder or database any more: copy it, check disk and memory, and restore the last backup into a new one.',
    retriable: false,
  },
  STORE_UNAVAILABLE: {
    remedy:
      'Check that the folder exists or can be created, that this user may write to it, and that the disk is not full; of a database, that it runs, and that user, password and sslmode of databaseUrl fit.',
    retriable: true,
  },
  STORE_UNREACHABLE: {
    remedy:
      'Nothing to be done here: clients keep their writes, and they are stored when the database or disk is back. Look after it.',
    retriable: true,
  },
  STORE_READ_ONLY: {
    remedy:
      'Let the place of the data be written to again: of a database, make databaseUrl lead to the primary, or end its read-only mode.',
    retriable: true,
  },
  DISK_FULL: {
    remedy: 'Make room on the disk of the data; writes that wait are stored then.',
    retriable: true,
  },
  STORE_SLOW: {
    remedy:
      'Look for long statements and locks in the database (pg_stat_activity), and at its disk; writes that wait are tried again.',
    retriable: true,
  },
  STORE_FENCED: {
    remedy:
      'End this process: another server has taken over its database. Start it again when the other one has stopped.',
    retriable: false,
  },
  NODE_NAME_TAKEN: {
    remedy:
      'Give each node of the cluster a nodeId of its own, or end the server that runs under this one; of one that was killed the name is free after 8 s.',
    retriable: true,
  },
  CLUSTER_FULL: {
    remedy:
      'Take a node out of the cluster before another one joins, or give the new one the name of one that is gone.',
    retriable: true,
  },
  STORE_MISSING: {
    remedy: 'Name the folder that the server keeps its data in with --data-dir.',
    retriable: false,
  },
  BACKUP_EXISTS: {
    remedy: 'Name a folder that does not exist yet; a backup is never overwritten.',
    retriable: false,
  },
  BACKUP_INVALID: {
    remedy:
      'Name a folder made by `topgun backup`. If it is one, its disk has damaged it: use another backup.',
    retriable: false,
  },
  BACKUP_RUNNING: {
    remedy: 'Wait until the backup that is being made is complete, then ask again.',
    retriable: true,
  },
  BACKUP_UNSUPPORTED: {
    remedy:
      'A server backs up its embedded store only. Back up a database with its own means (pg_dump); data in memory: `topgun export`.',
    retriable: false,
  },
  BACKUP_MISSING: {
    remedy: 'Name a backup that the server lists under /api/backup.',
    retriable: false,
  },
  DEBUG_OFF: {
    remedy: 'Start the server with the setting `debug` to look into it.',
    retriable: false,
  },
  REPAIR_MISSING: {
    remedy: 'Name map and key as `topgun repair` lists them, of an element its tag too.',
    retriable: false,
  },
  REPAIR_NEEDLESS: {
    remedy:
      'Write or remove it with a client. Repair is for records whose stamp lies ahead of all that is admitted.',
    retriable: false,
  },
  REPAIR_UNSUPPORTED: {
    remedy:
      'Remove the element of an OR map, or leave it. A counter needs no repair: correct its total with an increment.',
    retriable: false,
  },
  REPAIR_UNAVAILABLE: {
    remedy:
      'Wait until every partition has an owner and the nodes are linked (`topgun cluster:status`), look at the repairs made so far, and ask again.',
    retriable: true,
  },
  REPAIR_INVALID: {
    remedy: 'Give a value that can be stored, a time to live within the limits, and a name for who asks.',
    retriable: false,
  },
  STORE_STOPPED: {
    remedy:
      'The disk failed a flush and its state is uncertain, or the database is another one than was opened. Check it, then start the server again.',
    retriable: false,
  },
  CONFIG_INVALID: {
    remedy: 'Correct the named setting; `topgun start --help` lists all of them.',
    retriable: false,
  },
  AUTH_KEY_INVALID: {
    remedy:
      'Set TOPGUN_JWT_SECRET to at least 32 random bytes, TOPGUN_JWT_PUBLIC_KEY_FILE to a public key in PEM (RSA, P-256 or Ed25519), or TOPGUN_JWKS_URL to an https address.',
    retriable: false,
  },
  AUTH_FILE_INVALID: {
    remedy:
      'Mend the named file, or put a copy of it back. Removing it would let in again whoever was shut out, or shut out all operators.',
    retriable: false,
  },
  OPERATOR_INVALID: {
    remedy:
      'Use a name of 1 to 64 out of A-Z a-z 0-9 _ . @ -, roles of A-Z a-z 0-9 _ : . -, and a password of 10 to 256 characters.',
    retriable: false,
  },
  REVOCATION_INVALID: {
    remedy: 'Name a jti, or a sub and a time that is not ahead, each of 1 to 256 characters.',
    retriable: false,
  },
  REVOCATIONS_FULL: {
    remedy: 'Revoke by subject rather than token by token, change the key, or make tokens shorter.',
    retriable: true,
  },
  WEBHOOK_TENANT_MISSING: {
    remedy: 'Name the tenant in the header x-tenant-id, in ?tenant=, or as tenant_id in a JSON body.',
    retriable: false,
  },
  WEBHOOK_INVALID: {
    remedy:
      'Send { url, maps?, topics?, secret? }: an http or https address without a password in it, 1 to 20 map patterns and topics, and a secret whsec_… of 24 to 64 bytes or none.',
    retriable: false,
  },
  WEBHOOK_REFUSED: {
    remedy:
      'Sign the body as the scheme of the provider says, with a secret that the webhooksFile of the server has for this tenant, and with a clock that is right.',
    retriable: false,
  },
  TLS_INVALID: {
    remedy:
      'Name both files, tlsCertFile with the certificate and its chain and tlsKeyFile with its key, in PEM and readable for the server.',
    retriable: false,
  },
  DEV_NOT_LOOPBACK: {
    remedy: 'Development mode lets everybody in: listen on 127.0.0.1, ::1 or localhost, or turn it off.',
    retriable: false,
  },
  EVENTS_INVALID: {
    remedy:
      'Name topics with topics=, streams=, users= or all=true, each once, several times or as a list with commas.',
    retriable: false,
  },
  HOST_REFUSED: {
    remedy:
      'A server in development mode answers under the names of this machine only: use localhost, 127.0.0.1 or [::1] in the address.',
    retriable: false,
  },
  PORT_IN_USE: {
    remedy: 'Stop the program that listens there, or choose another port (0 = any free one).',
    retriable: true,
  },
  LISTEN_FAILED: {
    remedy: 'Check host and port: the address must belong to this machine and be permitted.',
    retriable: false,
  },
  STATIC_MISSING: { remedy: 'Build the app first, or correct the folder.', retriable: false },
  TOPIC_FULL: {
    remedy:
      'Wait until messages of the topic have expired, then publish again; or raise the count of its namespace.',
    retriable: true,
  },
  TOPIC_FULL_BYTES: {
    remedy:
      'Wait until messages have expired, then publish again; or raise the bytes of the namespace, or give the server a larger or faster disk.',
    retriable: true,
  },
  ROOM_FULL: {
    remedy:
      'Leave another room, or wait until somebody leaves this one; or raise roomMembersMax, roomsPerUserMax or roomMembersTotalMax.',
    retriable: true,
  },
  WORKER_LOST: {
    remedy:
      'Try again; if it happens again, look into the log: the machine may lack memory for one more thread.',
    retriable: true,
  },
  WORKERS_BUSY: { remedy: 'Wait until the checks and backups that run have ended.', retriable: true },
  REDIS_UNFIT: {
    remedy: 'Use Redis 7 or later, or Valkey, and set redisCluster exactly where it is a Redis Cluster.',
    retriable: false,
  },
  REDIS_DENIED: {
    remedy:
      'Correct user and password in TOPGUN_REDIS_URL, and let that user publish, subscribe, run scripts and use keys of the prefix.',
    retriable: false,
  },
  CLUSTER_OFF: {
    remedy: 'Ask a server that runs as a node of a cluster, or start this one with --cluster.',
    retriable: false,
  },
  CLUSTER_NODE_UNKNOWN: {
    remedy: 'Name a node that `topgun cluster:nodes` shows.',
    retriable: false,
  },
  CLUSTER_LAST_NODE: {
    remedy:
      'Start another node and wait until it is ACTIVE; a node without others is stopped without a drain.',
    retriable: false,
  },
  SERVER_STATE: {
    remedy: 'Start a server once, and stop it once; make a new one to start again.',
    retriable: false,
  },
} as const satisfies Record<string, { readonly remedy: string; readonly retriable: boolean }>;

export type ServerErrorCode = keyof typeof serverErrors;

export const isServerErrorCode = (code: string): code is ServerErrorCode => Object.hasOwn(serverErrors, code);

/** The error of one server code, with the remedy of the table. */
export function serverError(code: ServerErrorCode, message: string, cause?: unknown): TopGunError {
  return new TopGunError({ code, message, cause, ...serverErrors[code] });
}
