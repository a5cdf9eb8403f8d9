import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { serverError } from '../errors.js';

/** A certificate with the chain behind it, and its key, both in PEM. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The certificate of a server in two files, which whoever renews it writes anew (NET-2). */
export class Certificates {
  readonly #certFile: string;
  readonly #keyFile: string;
  #current: KeyPair;

  /** Throws TLS_INVALID when a file cannot be read, or they do not belong together. */
  constructor(certFile: string, keyFile: string) {
    this.#certFile = certFile;
    this.#keyFile = keyFile;
    this.#current = this.#read();
  }

  get current(): KeyPair {
    return this.#current;
  }

  /** The pair that the files hold now, if it is another one; undefined if it is not. Throws TLS_INVALID and keeps the old one. */
  renewed(): KeyPair | undefined {
    const pair = this.#read();
    if (pair.cert.equals(this.#current.cert) && pair.key.equals(this.#current.key)) return undefined;
    this.#current = pair;
    return pair;
  }

  #read(): KeyPair {
    try {
      const pair = { cert: readFileSync(this.#certFile), key: readFileSync(this.#keyFile) };
      createSecureContext(pair);
      return pair;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `The certificate ${this.#certFile} with the key ${this.#keyFile} cannot be used: ${reason}`;
      throw serverError('TLS_INVALID', message, cause);
    }
  }
}
