/** What a cluster on one machine is made of: a PostgreSQL and a Redis of its own, and processes that end with this one. */
export { type LocalRedis, startRedis } from './local/startRedis.js';
export { type Tethered, tether } from './local/tether.js';
export { type Postgres, startPostgres } from './storage/postgres/local/startPostgres.js';
export { claimPort, giveBack } from './utils/claimPort.js';
