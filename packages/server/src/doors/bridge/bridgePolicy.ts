import type { Policy, Principal } from '../../security/PermissionPolicy.js';
import { MAILBOXES } from './clientId.js';

const ROLE = 'bridge:anonymous';

/** Who hears and speaks through the bridge: nobody in particular. */
export const BRIDGE_PRINCIPAL: Principal = Object.freeze({ sub: '', roles: [ROLE], claims: {} });

/** What turning the bridge on allows (BRG-1): mailboxes, to whoever comes through it, and nothing else. */
export const BRIDGE_POLICY: Policy = Object.freeze({
  name: 'message bridge',
  role: ROLE,
  map: `topic:${MAILBOXES}`,
  actions: ['READ', 'PUT'] as const,
});
