import { TopGunError } from '@topgun/core';
import { serverError } from '../../errors.js';
import type { CommitFault } from '../CommitGate.js';
import type { StoreFault } from '../StoreWatch.js';

/** What an error of PostgreSQL or of the way to it means. */
export interface Fault {
  /** of a commit that was under way: whether it can have been stored */
  readonly result: CommitFault;
  readonly error: TopGunError;
  /** the connection is of no use any more */
  readonly isBroken: boolean;
  /** it may go away by itself: worth asking again */
  readonly isPassing: boolean;
  /** why the server is not ready meanwhile */
  readonly reason: StoreFault | undefined;
}

/** Raised by `commit_shared`. */
const FENCED = 'TG001';
/** The commit is void, for another node has decided a fact otherwise (CLU-25). */
export const CONTRADICTED = 'TG002';

/** Classes of SQLSTATE whose errors end the session: PostgreSQL stops or has crashed, the session waited too long, the link is gone. */
const ENDS_SESSION = /^(08|57P|25P0[34]|40003)/;

/**
 * Judges an error. One that PostgreSQL reports for a statement has undone its transaction, for certain; when the session ended with it, or
 * nothing was heard at all, the transaction may have been committed (STO-36).
 */
export function judgeFault(error: unknown, where: string): Fault {
  if (error instanceof TopGunError) {
    const reason = error.code === 'STORE_READ_ONLY' ? error.code : undefined;
    return { result: 'failed', error, isBroken: true, isPassing: reason !== undefined, reason };
  }
  const code = sqlStateOf(error);
  const told = (reason: StoreFault, message: string): Pick<Fault, 'error' | 'reason'> => ({
    reason,
    error: serverError(reason, `${message} (${where}).`, error),
  });
  if (code === undefined || ENDS_SESSION.test(code)) {
    const lost = told('STORE_UNREACHABLE', 'The connection to PostgreSQL was lost');
    return { ...lost, result: 'unknown', isBroken: true, isPassing: true };
  }
  const failed = { result: 'failed', isBroken: false, isPassing: true } as const;
  switch (code) {
    case FENCED:
      return {
        ...failed,
        error: serverError('STORE_FENCED', `Another server has taken over the store (${where}).`, error),
        isPassing: false,
        reason: undefined,
      };
    case '25006':
      return { ...failed, ...told('STORE_READ_ONLY', 'PostgreSQL takes no writes'), isBroken: true };
    case '53100':
      return { ...failed, ...told('DISK_FULL', 'PostgreSQL has no room on its disk') };
    case '53300':
      return { ...failed, ...told('STORE_UNREACHABLE', 'PostgreSQL takes no more connections') };
    case '57014':
    case '55P03':
    case '40P01':
      return { ...failed, ...told('STORE_SLOW', 'PostgreSQL took too long over a statement or a lock') };
    default: {
      const message = error instanceof Error ? error.message : String(error);
      const refused = serverError('STORE_UNAVAILABLE', `PostgreSQL refused: ${message} (${where}).`, error);
      return { ...failed, error: refused, reason: undefined };
    }
  }
}

/** Of an error that PostgreSQL itself has sent. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an opening that failed throws. */
export function openingError(error: unknown, where: string): TopGunError {
  if (error instanceof TopGunError) return error;
  const reason = error instanceof Error && error.message !== '' ? error.message : String(codeOf(error));
  return serverError('STORE_UNAVAILABLE', `${where}: ${reason}`, error);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}
