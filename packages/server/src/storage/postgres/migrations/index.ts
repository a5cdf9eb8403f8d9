import { first } from './first.js';
import { numberedJoins } from './numberedJoins.js';
import { second } from './second.js';
import { sharedFacts } from './sharedFacts.js';
import { topicLogs } from './topicLogs.js';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Every step that ever changed the schema, in order. A step that was released is never edited: what it left is out there. */
export const migrations: readonly Migration[] = [
  { number: 1, name: 'records, dedup rows, facts, fences', sql: first },
  { number: 2, name: 'nodes of a cluster, and who owns what', sql: second },
  { number: 3, name: 'logs of topics', sql: topicLogs },
  { number: 4, name: 'facts that nodes share', sql: sharedFacts },
  { number: 5, name: 'joins with numbers', sql: numberedJoins },
];
