export type { TopGunHttpOptions } from './http/HttpCaller.js';
export type {
  HttpHistory,
  HttpMessage,
  HttpPosition,
  HttpPublished,
  HttpPublishOptions,
} from './http/messages.js';
export type {
  HttpElement,
  HttpOp,
  HttpPage,
  HttpQuery,
  HttpRecord,
  HttpRejected,
  HttpRow,
  HttpWriteOptions,
  HttpWritten,
} from './http/records.js';
export { TopGunHttp } from './http/TopGunHttp.js';
export { TopGunHttpError } from './http/TopGunHttpError.js';
