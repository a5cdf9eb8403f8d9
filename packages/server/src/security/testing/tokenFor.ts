import { SignJWT } from 'jose';

/** Long enough and mixed enough for a server that is not in development. */
export const TEST_SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

export interface TokenIssue {
  /** default TEST_SECRET */
  readonly secret?: string;
  /** `iss` and `aud`; default topgun, which is the server's */
  readonly issuer?: string;
  readonly audience?: string;
}

/** A token of a subject in its roles, signed with HS256, good for an hour. */
export const tokenFor = (
  sub: string,
  roles: string | readonly string[],
  { secret = TEST_SECRET, issuer = 'topgun', audience = 'topgun' }: TokenIssue = {},
): Promise<string> =>
  new SignJWT({ roles: [roles].flat() })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
