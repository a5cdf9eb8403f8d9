import { fileURLToPath } from 'node:url';
import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { Piscina } from 'piscina';
import { isServerErrorCode, serverError } from '../errors.js';
import type { Jobs, Order, Outcome } from './jobs.js';

export interface WorkerPoolOptions {
  /** module of the workers, with a function `work`; default: the one beside this file */
  readonly file?: URL;
  /** threads at most, default `LIMITS.workerThreads` */
  readonly threads?: number;
  /** jobs that wait at most, default `LIMITS.workerJobs` */
  readonly waiting?: number;
}

/**
 * Threads for long work that hands over next to nothing. They are made when the first job comes and end when none has come for
 * a while; jobs beyond those that run wait, up to a limit.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  #pool: Promise<Piscina<Order, Outcome>> | undefined;
  readonly #losing = new Set<(cause: unknown) => void>();
  #isClosed = false;

  constructor(options: WorkerPoolOptions = {}) {
    this.#options = options;
  }

  /**
   * Runs a job on a worker. Throws the codes of the job; WORKERS_BUSY when too many wait, WORKER_LOST when the worker could not
   * be started or ended before the job did, SERVER_STATE when the pool is closed, before or meanwhile.
   */
  async run<J extends keyof Jobs>(
    job: J,
    input: Parameters<Jobs[J]>[0],
  ): Promise<Awaited<ReturnType<Jobs[J]>>> {
    if (this.#isClosed) throw closedError();
    const pool = await this.#started();
    if (pool.queueSize >= (this.#options.waiting ?? LIMITS.workerJobs))
      throw serverError('WORKERS_BUSY', `${pool.queueSize} jobs wait for a worker.`);
    const outcome = await this.#untilLost(pool.run({ job, input })).catch((cause: unknown) => {
      throw this.#isClosed ? closedError() : lostError(job, cause);
    });
    if ('result' in outcome) return outcome.result as Awaited<ReturnType<Jobs[J]>>;
    const { code, message } = outcome;
    if (isServerErrorCode(code)) throw serverError(code, message);
    throw new TopGunError({ code, message, remedy: '', retriable: false });
  }

  /** Ends the workers; what they were doing rejects with SERVER_STATE. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#pool)?.destroy();
  }

  #started(): Promise<Piscina<Order, Outcome>> {
    this.#pool ??= this.#make();
    return this.#pool;
  }

  async #make(): Promise<Piscina<Order, Outcome>> {
    // Loaded with the first job: most servers start without one.
    const { Piscina } = await import('piscina');
    const threads = this.#options.threads ?? LIMITS.workerThreads;
    const pool = new Piscina<Order, Outcome>({
      filename: fileURLToPath(this.#options.file ?? new URL('./worker.js', import.meta.url)),
      name: 'work',
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: LIMITS.workerIdleMs,
      // One job has a thread for itself; waiting without blocking it costs nothing here.
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
    });
    // A thread that ended before it was given a job: those that wait for it would wait for ever.
    pool.on('error', (cause: unknown) => {
      for (const lose of [...this.#losing]) lose(cause);
      this.#pool = undefined;
      void pool.destroy();
    });
    return pool;
  }

  #untilLost<T>(running: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#losing.add(reject);
      running.then(resolve, reject).finally(() => this.#losing.delete(reject));
    });
  }
}

const closedError = (): Error => serverError('SERVER_STATE', 'The server is stopping.');

function lostError(job: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  return serverError('WORKER_LOST', `The worker of the job ${job} was lost: ${text}`, cause);
}
