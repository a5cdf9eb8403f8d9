import { mapError } from '../errors.js';
import { KEY_BYTES_MAX } from './limits.js';
import { fitsText } from './text.js';

/** Throws `KEY_INVALID` unless the key is a well-formed string of 1 to 512 UTF-8 bytes. Any such text is a legal key. */
export function assertKey(key: string): void {
  if (typeof key !== 'string' || key === '' || !fitsText(key, KEY_BYTES_MAX)) {
    const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : typeof key;
    throw mapError('KEY_INVALID', `Invalid key: ${shown}`);
  }
}
