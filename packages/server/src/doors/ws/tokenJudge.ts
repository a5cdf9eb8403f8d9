import type { ServerConfig } from '../../config/schema.js';
import { ClaimError } from '../../security/principalOf.js';
import type { SecurityManager } from '../../security/SecurityManager.js';
import type { Logger } from '../../utils/logger.js';
import { type Admitted, admitToken } from './admitToken.js';

export interface TokenJudgeParts {
  readonly config: Pick<ServerConfig, 'wsScopeRequired' | 'tenantClaim'>;
  /** undefined before the server is ready */
  readonly security: () => Pick<SecurityManager, 'verify' | 'objectionTo'> | undefined;
  readonly logger: Pick<Logger, 'info'>;
  readonly wallMs: () => number;
}

export type TokenRefusal = 'AUTH_REQUIRED' | 'AUTH_FAILED' | 'UNAVAILABLE';
export type TokenJudge = (token: string | undefined) => Promise<Admitted | TokenRefusal>;

/** Says who a token lets in. AUTH_REQUIRED: there is none. Who is refused is not told why; the log is, without the token. */
export function tokenJudge({ config, security, logger, wallMs }: TokenJudgeParts): TokenJudge {
  const onRefused = (reason: string): void => logger.info({ reason }, 'token refused');
  const judge: TokenJudge = async (token) => {
    const manager = security();
    if (manager === undefined) return 'UNAVAILABLE';
    const verdict = await manager.verify(token, wallMs(), onRefused);
    if ('error' in verdict) return verdict.error;
    // It may have been revoked in the meantime.
    if (manager.objectionTo(verdict.principal, wallMs()) !== undefined) return 'AUTH_FAILED';
    try {
      return admitToken(verdict.principal, config);
    } catch (error) {
      if (!(error instanceof ClaimError)) throw error;
      onRefused(error.message);
      return 'AUTH_FAILED';
    }
  };
  return (token) => judge(token).catch((): TokenRefusal => 'UNAVAILABLE');
}
