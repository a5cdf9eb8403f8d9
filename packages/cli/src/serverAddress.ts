import { cliError } from './cliErrors.js';

/** Where `topgun dev` and `topgun start` listen when nobody says otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The sync connection of the server at a web address: it is the same place. Throws `URL_INVALID`. */
export function socketUrl(url: string): string {
  if (!/^(http|ws)s?:\/\/[^/]/i.test(url) || !URL.canParse(url))
    throw cliError('URL_INVALID', `--url is "${url}".`);
  return url.replace(/^http/i, 'ws');
}
