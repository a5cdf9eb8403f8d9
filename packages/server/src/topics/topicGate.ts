import type { Denied } from '../engine/Denials.js';
import { PermissionPolicy, type Principal } from '../security/PermissionPolicy.js';
import type { Rights } from '../security/policy/Rights.js';
import { SERVER_PRINCIPAL } from './serverPrincipal.js';
import { topicMap } from './topicMap.js';

/** What the hub asks of the policies. A topic is to them the map `topic:<name>`. */
export interface TopicGate {
  may(principal: Principal, topic: string): Rights;
  /** Remembers a refusal for operators (PERM-13). */
  denied(principal: Principal, topic: string, denied: Pick<Denied, 'action' | 'next'>): void;
}

/** The policies in force, and where their refusals are noted. */
export interface TopicPolicies {
  readonly inForce: PermissionPolicy;
  denied(principal: Principal, denied: Denied, nowMs: number): void;
}

/** Topics whose rights are kept ready for one principal, who can name any number of them. */
const RIGHTS_MAX = 256;

/** The server hears and says what it likes. */
const SERVER_RIGHTS = new PermissionPolicy([{ role: '*', map: '**', actions: ['READ', 'PUT'] }]).may(
  SERVER_PRINCIPAL,
  topicMap(''),
);

/** Asks the policies in force, and remembers their answers as long as they are. */
export function topicGate(policies: () => TopicPolicies, wallMs: () => number): TopicGate {
  let asked: PermissionPolicy | undefined;
  let known = new WeakMap<Principal, Map<string, Rights>>();
  return {
    may: (principal, topic) => {
      if (principal === SERVER_PRINCIPAL) return SERVER_RIGHTS;
      const { inForce } = policies();
      if (inForce !== asked) {
        asked = inForce;
        known = new WeakMap();
      }
      const rights = known.get(principal) ?? new Map<string, Rights>();
      known.set(principal, rights);
      const found = rights.get(topic) ?? inForce.may(principal, topicMap(topic));
      if (rights.size >= RIGHTS_MAX) rights.clear();
      rights.set(topic, found);
      return found;
    },
    denied: (principal, topic, denied) =>
      policies().denied(principal, { map: topicMap(topic), old: undefined, ...denied }, wallMs()),
  };
}
