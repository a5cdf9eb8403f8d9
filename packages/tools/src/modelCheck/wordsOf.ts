import type { OwnershipRequest } from '@topgun/server/internal/engine/ownership/ports';

/** A request to the database, as a trace names it. */
export function wordsOf(request: OwnershipRequest | undefined): string {
  switch (request?.type) {
    case 'handOver':
      return `hand ${request.pids.join()} over to ${request.target}`;
    case 'takeOver':
      return `take over ${request.node}`;
    case 'state':
      return `be ${request.state}`;
    default:
      return request?.type ?? 'nothing';
  }
}
