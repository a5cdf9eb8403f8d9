import type { TestProject } from 'vitest/node';
import { startTarget } from './startTarget.js';

/** A server as it is started without further ado: its own folder, its own topics. */
export const setup = (project: TestProject): Promise<() => Promise<void>> =>
  startTarget(project, { count: 1 });
