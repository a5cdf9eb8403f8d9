export {
  type HttpHistory,
  type HttpMessage,
  type HttpPosition,
  type HttpPublished,
  type HttpPublishOptions,
  TopGunHttp,
  TopGunHttpError,
  type TopGunHttpOptions,
} from './http/TopGunHttp.js';
