import { jobs, type Order, type Outcome, perform } from './jobs.js';

/** What a worker thread runs: the pool calls it by the name of the file. */
export const work = (order: Order): Promise<Outcome> => perform(jobs, order);
