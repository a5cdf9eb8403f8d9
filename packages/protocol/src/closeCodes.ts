/**
 * Why a WebSocket was closed. The first six are those of RFC 6455. Single constants, as the limits are: servers read
 * `CLOSE_CODE.name` from the package, what runs in browsers imports this module as a namespace and carries what it uses.
 */

/** done */
export const NORMAL = 1000;
/** server shutting down, or page left; connect again */
export const GOING_AWAY = 1001;
/** WebSocket protocol fault */
export const PROTOCOL_ERROR = 1002;
/** text that is not UTF-8 */
export const BAD_UTF8 = 1007;
/** a message in more pieces than admitted; sent by the library under the server */
export const TOO_MANY_PIECES = 1008;
/** message larger than the limit of the frame */
export const TOO_BIG = 1009;
/** slow consumer, overload, or no AUTH in time; connect again later */
export const TRY_LATER = 1013;
/** a frame outside the strict wire profile */
export const BAD_FRAME = 4400;
/** no token, a refused one, or one that expired and was not renewed */
export const AUTH = 4401;
/** the clientId belongs to another subject: open another store */
export const OTHER_SUBJECT = 4403;
/** too many refused messages */
export const STRIKES = 4408;
/** a newer connection of the same client took over */
export const REPLACED = 4410;
/** no common protocol version */
export const VERSION = 4426;
/** rate limit exceeded for long */
export const RATE = 4429;
