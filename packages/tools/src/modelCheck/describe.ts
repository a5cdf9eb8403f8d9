import type { OwnershipRequest } from '@topgun/server/internal/engine/ownership/ports';
import type { Parcel, Server, World } from './World.js';

/** A parcel in a trace. */
export function describe({ servers }: World, { server, request, flush: its, answer }: Parcel): string {
  const { name } = servers[server] as Server;
  const what = its === undefined ? `'${wordsOf(request)}'` : `commit to partition ${its.pid}`;
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
