import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { loadConfig } from '@topgun/server';
import { type Command, InvalidArgumentError } from 'commander';
import { SignJWT } from 'jose';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { parseDuration } from '../parseDuration.js';

const TTL_MS = 3_600_000;

interface TokenOptions {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly ttl?: number;
  readonly issuer?: string;
  readonly audience?: string;
  readonly secret?: string;
  readonly secretFile?: string;
}

export function addTokenCommand(program: Command, io: CliIo): void {
  program
    .command('token')
    .summary('Make a token for development.')
    .description('Makes a token (JWT, HS256) that a server with the same secret accepts, and prints it.')
    .requiredOption('--sub <subject>', 'Who the token speaks for.')
    .option('--roles <names>', 'Roles, separated by commas.', readRoles, ['USER'])
    .option('--ttl <duration>', 'How long it is valid: a number with s, m, h or d. Default: 1h.', readTtl)
    .option('--issuer <name>', 'The iss claim, as the server wants it (TOPGUN_JWT_ISSUER). Default: topgun.')
    .option(
      '--audience <name>',
      'The aud claim, as the server wants it (TOPGUN_JWT_AUDIENCE). Default: topgun.',
    )
    .option(
      '--secret <text>',
      'Secret of the server. It stays in the history of your shell: rather use a file.',
    )
    .option('--secret-file <path>', 'File that holds the secret.')
    .addHelpText(
      'after',
      '\nThe secret is taken from --secret, --secret-file, TOPGUN_JWT_SECRET or TOPGUN_JWT_SECRET_FILE, in this order.\n\nExamples:\n  $ topgun token --sub ada --roles ADMIN,USER --ttl 12h\n  $ topgun token --sub ada --secret-file ./secret.txt\n',
    )
    .action(async (options: TokenOptions) => {
      const secret = await secretOf(options, io);
      // The server reads the same settings in the same way.
      const { jwtIssuer, jwtAudience } = loadConfig({
        env: { TOPGUN_JWT_ISSUER: io.env.TOPGUN_JWT_ISSUER, TOPGUN_JWT_AUDIENCE: io.env.TOPGUN_JWT_AUDIENCE },
      });
      const names = { issuer: options.issuer ?? jwtIssuer, audience: options.audience ?? jwtAudience };
      io.out(`${await mintToken({ ...options, ...names }, secret, Date.now())}\n`);
    });
}

async function mintToken(
  options: TokenOptions & { readonly issuer: string; readonly audience: string },
  secret: Uint8Array,
  nowMs: number,
): Promise<string> {
  const nowS = Math.floor(nowMs / 1000);
  return new SignJWT({ roles: options.roles })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(options.sub)
    .setIssuedAt(nowS)
    .setJti(randomUUID())
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setExpirationTime(nowS + Math.floor((options.ttl ?? TTL_MS) / 1000))
    .sign(secret);
}

async function secretOf(options: TokenOptions, io: CliIo): Promise<Uint8Array> {
  const file =
    options.secretFile ??
    (io.env.TOPGUN_JWT_SECRET === undefined ? io.env.TOPGUN_JWT_SECRET_FILE : undefined);
  const text = options.secret ?? (await secretFromFile(file, io)) ?? io.env.TOPGUN_JWT_SECRET;
  if (text === undefined || text === '')
    throw cliError('TOKEN_SECRET_MISSING', 'No secret to sign the token with.');
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= LIMITS.secretBytes) return bytes;
  throw cliError(
    'TOKEN_SECRET_SHORT',
    `The secret has ${bytes.length} bytes; at least ${LIMITS.secretBytes} are needed.`,
  );
}

async function secretFromFile(file: string | undefined, io: CliIo): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const path = resolve(io.cwd, file);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  }
}

/** Names of roles, from the text of an option. */
export function readRoles(text: string): readonly string[] {
  const roles = text.split(',').map((role) => role.trim());
  if (roles.some((role) => !/^[\w:.-]{1,64}$/.test(role))) {
    throw new InvalidArgumentError(
      'Use names of letters, digits, "_", "-", "." and ":", separated by commas.',
    );
  }
  return roles;
}

function readTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Use a whole number with s, m, h or d, such as 12h.');
  return ms;
}
