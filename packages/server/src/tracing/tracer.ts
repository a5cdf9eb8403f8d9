import { type Tracer, trace } from '@opentelemetry/api';
import { serverVersion } from '../version.js';

/** The tracer of this server. Without an SDK that the program registers, its spans record nothing and cost next to nothing. */
export const tracer = (): Tracer => trace.getTracer('@topgun/server', serverVersion);
