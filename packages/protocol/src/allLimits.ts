/** The limits of both ends, and those that servers alone have. */
export * from './authLimits.js';
export * from './doorLimits.js';
export * from './limits.js';
