import type { OwnershipReply, OwnershipRequest } from '@topgun/server/internal/engine/ownership/ports';
import type { Flush } from './ModelDatabase.js';

/** What a server has sent, or is told, in a trace. */
export function describe(
  name: string,
  {
    request,
    flush,
    answer,
  }: { readonly request?: OwnershipRequest; readonly flush?: Flush; readonly answer?: OwnershipReply },
): string {
  const what = flush === undefined ? `'${wordsOf(request)}'` : `commit to partition ${flush.pid}`;
  return answer === undefined ? `${name}'s ${what}` : `the answer to ${name}'s ${what}`;
}

function wordsOf(request: OwnershipRequest | undefined): string {
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
