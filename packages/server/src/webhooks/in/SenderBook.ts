import { readFileSync } from 'node:fs';
import { LIMITS } from '@topgun/protocol';
import { WatchedFile } from '../../config/WatchedFile.js';
import { serverError } from '../../errors.js';
import type { Logger } from '../../utils/logger.js';
import { Senders } from './Senders.js';

/** The senders of the setting `webhooksFile`, as the file has them now (HOOK-1). */
export class SenderBook {
  readonly #path: string | undefined;
  readonly #logger: Pick<Logger, 'warn' | 'error'>;
  #senders = new Senders();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string | undefined, logger: Pick<Logger, 'warn' | 'error'>) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Those that hold. */
  get senders(): Senders {
    return this.#senders;
  }

  /** Reads the file, and goes on looking at it. Throws CONFIG_INVALID. */
  start(): void {
    const path = this.#path;
    if (path === undefined) return;
    try {
      this.#senders = Senders.parse(readFileSync(path, 'utf8'));
    } catch (cause) {
      throw serverError('CONFIG_INVALID', `The webhooks file ${path} cannot be used: ${reasonOf(cause)}`);
    }
    const file = new WatchedFile({
      path,
      changed: (text) => {
        this.#senders = Senders.parse(text);
        this.#logger.warn({ path, senders: this.#senders.size }, 'webhooks file taken over');
      },
      failed: (error) => {
        const told = 'the webhooks file cannot be used: the senders of before stay';
        this.#logger.error({ path, problem: reasonOf(error) }, told);
      },
    });
    void file.look();
    this.#timer = setInterval(() => void file.look(), LIMITS.webhooksLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
