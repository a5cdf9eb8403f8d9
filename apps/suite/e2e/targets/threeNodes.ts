import type { TestProject } from 'vitest/node';
import { startCluster } from './startCluster.js';

/** Topics travel on the links of the nodes, and lie in PostgreSQL. */
export const setup = (project: TestProject): Promise<() => Promise<void>> => startCluster(project);
