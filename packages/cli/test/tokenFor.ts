import { runInProcess } from './runInProcess.js';

/** Long enough and mixed enough for a server that is not in development. */
export const TEST_SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

/** A token as `topgun token` makes it, good for an hour; `iss` and `aud` are topgun unless said otherwise. */
export async function tokenFor(
  sub: string,
  role: string,
  { issuer = 'topgun', audience = 'topgun' }: { readonly issuer?: string; readonly audience?: string } = {},
): Promise<string> {
  const env = {
    TOPGUN_JWT_SECRET: TEST_SECRET,
    TOPGUN_JWT_ISSUER: issuer,
    TOPGUN_JWT_AUDIENCE: audience,
  };
  return (await runInProcess(['token', '--sub', sub, '--roles', role], { env })).out.trim();
}
