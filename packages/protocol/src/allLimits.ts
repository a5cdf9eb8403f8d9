/** The limits of both ends, and those that servers alone have. */
export * from './authLimits.js';
export * from './bridgeLimits.js';
export * from './busLimits.js';
export * from './clusterClientLimits.js';
export * from './databaseLimits.js';
export * from './doorLimits.js';
export * from './followLimits.js';
export * from './heldLimits.js';
export * from './hubLimits.js';
export * from './limits.js';
export * from './linkLimits.js';
export * from './membershipLimits.js';
export * from './roomLimits.js';
export * from './socketLimits.js';
export * from './topicLimits.js';
export * from './webhookLimits.js';
