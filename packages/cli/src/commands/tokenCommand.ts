import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { SignJWT } from 'jose';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { parseDuration } from '../parseDuration.js';

/** The server refuses shorter secrets for HS256; a token made with one would be of no use. */
const SECRET_BYTES_MIN = 32;

interface TokenOptions {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly ttl: number;
  readonly issuer: string;
  readonly audience: string;
  readonly secret?: string;
  readonly secretFile?: string;
}

export function addTokenCommand(program: Command, io: CliIo): void {
  program
    .command('token')
    .summary('make a token for development')
    .description('Makes a token (JWT, HS256) that a server with the same secret accepts, and prints it.')
    .requiredOption('--sub <subject>', 'who the token speaks for')
    .option('--roles <names>', 'roles, separated by commas', readRoles, ['USER'])
    .option('--ttl <duration>', 'how long it is valid: a number with s, m, h or d', readTtl, 3_600_000)
    .option('--issuer <name>', 'the iss claim', 'topgun')
    .option('--audience <name>', 'the aud claim', 'topgun')
    .option(
      '--secret <text>',
      'secret of the server; stays in the history of your shell, so rather use a file',
    )
    .option('--secret-file <path>', 'file that holds the secret')
    .addHelpText(
      'after',
      '\nThe secret is taken from --secret, --secret-file or TOPGUN_JWT_SECRET, in this order.\n\nExamples:\n  $ topgun token --sub ada --roles ADMIN,USER --ttl 12h\n  $ topgun token --sub ada --secret-file ./secret.txt\n',
    )
    .action(async (options: TokenOptions) => {
      const secret = await secretOf(options, io);
      io.out(`${await mintToken(options, secret, Date.now())}\n`);
    });
}

async function mintToken(options: TokenOptions, secret: Uint8Array, nowMs: number): Promise<string> {
  const nowS = Math.floor(nowMs / 1000);
  return await new SignJWT({ roles: options.roles })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(options.sub)
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + Math.floor(options.ttl / 1000))
    .sign(secret);
}

async function secretOf(options: TokenOptions, io: CliIo): Promise<Uint8Array> {
  const text = options.secret ?? (await secretFromFile(options, io)) ?? io.env.TOPGUN_JWT_SECRET;
  if (text === undefined || text === '')
    throw cliError('TOKEN_SECRET_MISSING', 'No secret to sign the token with.');
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= SECRET_BYTES_MIN) return bytes;
  throw cliError(
    'TOKEN_SECRET_SHORT',
    `The secret has ${bytes.length} bytes; at least ${SECRET_BYTES_MIN} are needed.`,
  );
}

async function secretFromFile(options: TokenOptions, io: CliIo): Promise<string | undefined> {
  if (options.secretFile === undefined) return undefined;
  const path = resolve(io.cwd, options.secretFile);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  }
}

function readRoles(text: string): readonly string[] {
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
