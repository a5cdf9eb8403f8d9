import type { Admission } from './Admission.js';
import type { Answers } from './Answers.js';
import type { Commit } from './Commit.js';
import type { Outbox } from './outbox/Outbox.js';
import type { PolicyBook } from './PolicyBook.js';
import type { Queries } from './Queries.js';
import type { Repairs } from './repair/Repairs.js';
import type { Scopes } from './Scopes.js';

/** Those who hear of what has become durable. */
export interface Hearers {
  readonly scopes: Scopes;
  readonly queries: Queries;
  readonly repairs: Repairs;
  readonly answers: Answers;
  readonly admission: Admission;
  readonly policies: PolicyBook;
  readonly outbox: Outbox;
}

/** Memory has advanced, by a commit of this node or of another one. Deltas leave before answers, so that a writer's scope has passed what it is told about. */
export function publish(to: Hearers, commit: Commit, now: number): void {
  to.scopes.publish(commit, now);
  to.queries.publish(commit);
  to.scopes.prune(commit);
  to.repairs.committed(commit.meta, now);
  for (const op of commit.ops) if (op.entry !== undefined) to.answers.durable(op, op.entry);
  to.admission.founded(commit.meta, now);
  to.policies.committed(commit.meta);
  to.outbox.committed(commit.meta);
}
