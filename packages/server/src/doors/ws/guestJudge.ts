import type { Guests, Visit } from '../../interceptors/Guests.js';
import type { Admitted } from './admitToken.js';
import type { TokenJudge, TokenJudgeParts, TokenRefusal } from './tokenJudge.js';

/** Who may have a connection, and whom its end is told. */
export interface Guest extends Admitted {
  readonly visit: Pick<Visit, 'left'>;
}

export type GuestJudge = (token: string | undefined, remote: string) => Promise<Guest | TokenRefusal>;

export interface GuestJudgeParts extends Pick<TokenJudgeParts, 'security' | 'wallMs'> {
  readonly judge: TokenJudge;
  readonly guests: Pick<Guests, 'come'>;
}

/** Says who comes in: whose token is good, and whom no interceptor keeps out (INT-2). Whoever asks ends the visit. */
export function guestJudge({ judge, guests, security, wallMs }: GuestJudgeParts): GuestJudge {
  return async (token, remote) => {
    const verdict = await judge(token);
    if (typeof verdict === 'string') return verdict;
    const visit = await guests.come('ws', remote, verdict.principal);
    if (visit === undefined) return 'AUTH_FAILED';
    // It may have been revoked while they thought about it.
    if (security()?.objectionTo(verdict.principal, wallMs()) === undefined) return { ...verdict, visit };
    visit.left();
    return 'AUTH_FAILED';
  };
}
