import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { secretKey, type TokenKey } from '../keys/TokenKey.js';
import { writeWhole } from '../writeWhole.js';

const KID = 'topgun-operators';
const NAMES = { issuer: 'topgun:operators', audience: 'topgun:operators' } as const;

/** A key, and how it is made to last; before that it is worth as much as the process. */
export interface OperatorKey {
  readonly key: TokenKey;
  keep(): Promise<void>;
}

/**
 * The key of the tokens of operators, which only this server makes and checks: from the file, or drawn anew and written there
 * before the first token leaves. Throws AUTH_KEY_INVALID for a file that holds none.
 */
export async function operatorKey(path: string | undefined): Promise<OperatorKey> {
  const known = path === undefined ? undefined : await readFile(path, 'utf8').catch(unlessMissing);
  const secret = known?.trim() ?? randomBytes(32).toString('base64url');
  let kept: Promise<void> | undefined = known === undefined ? undefined : Promise.resolve();
  return {
    key: secretKey(secret, KID, NAMES, `The key in ${path ?? 'memory'}`),
    keep: () => {
      kept ??= path === undefined ? Promise.resolve() : writeWhole(path, `${secret}\n`);
      // One that failed is tried again by the next.
      kept.catch(() => {
        kept = undefined;
      });
      return kept;
    },
  };
}

/** The key of all nodes of a cluster: it follows from the secret that they have in common, so that what one of them signs is good at all. */
export function clusterOperatorKey(clusterSecret: string): OperatorKey {
  const secret = createHmac('sha256', clusterSecret).update('topgun:operators:key').digest('base64url');
  return { key: secretKey(secret, KID, NAMES, 'The key of operators'), keep: () => Promise.resolve() };
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
