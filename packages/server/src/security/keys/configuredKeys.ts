import { readFileSync } from 'node:fs';
import { serverError } from '../../errors.js';
import { type Algorithm, type Issuance, pemKey, secretKey, type TokenKey } from './TokenKey.js';

/** One key of the list `keys` in the config file. */
export interface KeyEntry {
  readonly kid?: string | undefined;
  readonly alg: Algorithm;
  readonly secretFile?: string | undefined;
  readonly publicKeyFile?: string | undefined;
  /** instead of the settings' */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

export interface KeySettings {
  readonly jwtSecret?: string | undefined;
  readonly jwtSecretFile?: string | undefined;
  readonly jwtPublicKeyFile?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly keys?: readonly KeyEntry[] | undefined;
  readonly jwksUrl?: string | undefined;
}

/** What tokens name when nobody says otherwise; `topgun token` writes it too. */
export const STANDARD_ISSUANCE: Issuance = { issuer: 'topgun', audience: 'topgun' };

/** Whose tokens the keys check that name nobody of their own. */
export function issuanceOf({ jwtIssuer, jwtAudience }: KeySettings): Issuance {
  return {
    issuer: jwtIssuer ?? STANDARD_ISSUANCE.issuer,
    audience: jwtAudience ?? STANDARD_ISSUANCE.audience,
  };
}

/** Reads the keys that the settings name. Throws AUTH_KEY_INVALID naming the place of one that is not in order. */
export function configuredKeys(settings: KeySettings): readonly TokenKey[] {
  const standard = issuanceOf(settings);
  const keys: TokenKey[] = [];
  if (settings.jwtSecret !== undefined)
    keys.push(secretKey(settings.jwtSecret, undefined, standard, 'The secret'));
  else if (settings.jwtSecretFile !== undefined)
    keys.push(fileKey({ alg: 'HS256', secretFile: settings.jwtSecretFile }, standard));
  if (settings.jwtPublicKeyFile !== undefined) {
    const { jwtPublicKeyFile: file } = settings;
    keys.push(pemKey(readKey(file), undefined, standard, `The file ${file}`));
  }
  for (const entry of settings.keys ?? []) keys.push(fileKey(entry, standard));
  return keys;
}

/** The files whose content are keys. */
export function keyFilesOf({
  jwtSecret,
  jwtSecretFile,
  jwtPublicKeyFile,
  keys = [],
}: KeySettings): readonly string[] {
  const ownSecret = jwtSecret === undefined ? jwtSecretFile : undefined;
  const listed = keys.map(({ secretFile, publicKeyFile }) => secretFile ?? publicKeyFile);
  return [ownSecret, jwtPublicKeyFile, ...listed].filter((file) => file !== undefined);
}

function fileKey(entry: KeyEntry, standard: Issuance): TokenKey {
  const { kid, alg, secretFile, publicKeyFile } = entry;
  const issuance = {
    issuer: entry.issuer ?? standard.issuer,
    audience: entry.audience ?? standard.audience,
  };
  if (alg === 'HS256' && secretFile !== undefined && publicKeyFile === undefined)
    return secretKey(readKey(secretFile).trim(), kid, issuance, `The secret in ${secretFile}`);
  if (alg !== 'HS256' && publicKeyFile !== undefined && secretFile === undefined)
    return pemKey(readKey(publicKeyFile), kid, issuance, `The file ${publicKeyFile}`, alg);
  const needed = alg === 'HS256' ? 'a secretFile and no publicKeyFile' : 'a publicKeyFile and no secretFile';
  throw serverError('AUTH_KEY_INVALID', `A key for ${alg} needs ${needed}.`);
}

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw serverError('AUTH_KEY_INVALID', `The key file ${path} cannot be read: ${reason}`, cause);
  }
}
