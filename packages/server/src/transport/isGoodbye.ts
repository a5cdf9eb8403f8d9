import { CLOSE_CODE } from '@topgun/protocol';

/** A close frame that names no code. */
const NO_CODE = 1005;

/**
 * Whether a client that closes its socket with this code has left: a normal end, a page that goes, or none. A device that will be back gives
 * another, and a connection that is lost none at all (1006).
 */
export const isGoodbye = (code: number): boolean =>
  code === CLOSE_CODE.NORMAL || code === CLOSE_CODE.GOING_AWAY || code === NO_CODE;
