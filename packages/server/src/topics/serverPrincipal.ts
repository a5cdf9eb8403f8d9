import type { Principal } from '../security/PermissionPolicy.js';

/** The server itself, where it publishes and hears: the topics ask no policy about it. Never given to a client. */
export const SERVER_PRINCIPAL: Principal = Object.freeze({ sub: '', roles: [], claims: {} });
