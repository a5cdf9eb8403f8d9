import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { serverError } from '../../errors.js';

/**
 * Passwords as scrypt hashes in PHC form: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, base64 without padding.
 *
 * The parameters stand in each hash, so that they can be raised without making old ones useless. These are OWASP's for 32 MB
 * of memory (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
 */
const PARAMETERS = { ln: 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z\d+/]{11,86})\$([A-Za-z\d+/]{43})$/;
/** Costs of a hash that a file may ask for: some 256 MB. */
const LN_MAX = 18;

export const PASSWORD_CHARS_MIN = 10;
/** Long enough for a sentence, short enough to be hashed at once. */
export const PASSWORD_CHARS_MAX = 256;

/** Throws OPERATOR_INVALID for a password that is too short or too long. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < PASSWORD_CHARS_MIN || password.length > PASSWORD_CHARS_MAX) {
    const found = `The password has ${password.length} characters; ${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX} are allowed.`;
    throw serverError('OPERATOR_INVALID', found);
  }
  const { ln, r, p } = PARAMETERS;
  const salt = randomBytes(SALT_BYTES);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(await derive(password, salt, ln, r, p))}`;
}

/** Whether this is the password of a hash, in a time that depends on the hash's parameters alone. */
export async function isPassword(password: string, phc: string): Promise<boolean> {
  const [, ln = '', r = '', p = '', salt = '', hash = ''] = PHC.exec(phc) ?? [];
  const wanted = Buffer.from(hash, 'base64');
  if (wanted.length !== HASH_BYTES) return false;
  const found = await derive(password, Buffer.from(salt, 'base64'), Number(ln), Number(r), Number(p));
  return timingSafeEqual(found, wanted);
}

/** Whether a text is a hash that can be checked, at a cost that a server can bear. */
export function isPasswordHash(phc: string): boolean {
  const [, ln, r, p] = PHC.exec(phc) ?? [];
  return Number(ln) >= 10 && Number(ln) <= LN_MAX && Number(r) >= 1 && Number(r) <= 16 && Number(p) >= 1;
}

/** Nobody's: what an unknown name is checked with, so that it costs what a known one does. */
export const NOBODY = `$scrypt$ln=${PARAMETERS.ln},r=${PARAMETERS.r},p=${PARAMETERS.p}$${base64(Buffer.alloc(SALT_BYTES))}$${base64(Buffer.alloc(HASH_BYTES))}`;

/** In the thread pool: the event loop does not wait. */
function derive(password: string, salt: Buffer, ln: number, r: number, p: number): Promise<Buffer> {
  const cost: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 2 * 128 * 2 ** ln * r + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    // The same characters may be typed as different code points.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
