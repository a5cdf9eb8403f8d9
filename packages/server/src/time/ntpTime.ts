import { randomBytes } from 'node:crypto';
import type { Logger } from '../utils/logger.js';
import { NtpTimeProvider, type TimeProvider } from './NtpTimeProvider.js';
import { NONCE_BYTES } from './ntpPacket.js';
import { openUdp } from './udpLink.js';

/** Time from these servers, or undefined without any: then the local clock is all there is. */
export function ntpTime(servers: readonly string[] | undefined, logger: Logger): TimeProvider | undefined {
  if (servers === undefined) return undefined;
  return new NtpTimeProvider(servers, {
    clock: { wallMs: () => Date.now(), monoMs: () => performance.now() },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
    open: openUdp,
    nonce: () => randomBytes(NONCE_BYTES),
    tell: (level, message, about) => logger[level](about, message),
  });
}
