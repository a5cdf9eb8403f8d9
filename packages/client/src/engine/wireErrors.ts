import { errorsOf, type TopGunError } from '@topgun/core';
import { type ErrorCode, type Kind, protocolErrors } from '@topgun/protocol';

const errorOf = errorsOf<ErrorCode>(protocolErrors);

/** An error of the server as the app meets it: its text, and the remedy that the table has for its code. */
export function wireError(code: ErrorCode, message: string, path?: string): TopGunError {
  return errorOf(code, path === undefined ? message : `${message} (at ${path})`);
}

/** A map that holds data of one kind was used as another. */
export const wrongKind = (map: string, kind: Kind, used: Kind): TopGunError =>
  wireError('WRONG_KIND', `Map "${map}" holds ${kind} data and was used as ${used}.`);

/** Whether the same op or request can succeed later without a change by the app. */
export const isRetriable = (code: ErrorCode): boolean => protocolErrors[code].retriable;
