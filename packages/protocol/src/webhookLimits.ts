/** Limits of webhooks, in and out; part of `allLimits.ts`. */

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/** bytes: body of an event that is sent in; with what is said of it, it stays below a message of a topic */
export const webhookBodyBytes = 128 * KIB;
/** count: senders in the webhooks file */
export const webhookSenders = 10_000;
/** count: secrets of one sender that hold at once: the old, the new, and some that were forgotten */
export const webhookSecretsPerSender = 5;
/** bytes: least length of a secret that is a text; providers choose theirs themselves */
export const webhookSecretBytesMin = 16;
/** ms: how far a signed time may lie from the server's; what the Standard Webhooks, Stripe and Slack say */
export const webhookToleranceMs = 300_000;
/** count: characters of an id that a body gives its event; longer ones count as none */
export const webhookIdChars = 256;
/** count: ids of events held in memory, over all tenants: some 200 bytes each */
export const webhookIds = 100_000;
/** count: events of one tenant that its inbox keeps, and whose ids are known */
export const webhookIdsPerTenant = 10_000;
/** ms: how long the inbox of a tenant keeps an event, and knows it again: longer than most senders try */
export const webhookInboxMs = 24 * HOUR_MS;
/** bytes: of the inbox of one tenant */
export const webhookInboxBytes = 16 * MIB;
/** ms: how often the webhooks file is looked at */
export const webhooksLookMs = 1_000;

/** count: subscriptions that events are sent out to: each is asked about every row that is written */
export const webhookSubscriptions = 100;
/** count: map patterns and topics of one subscription */
export const webhookTargets = 20;
/** count: characters of the address of a subscription */
export const webhookUrlChars = 2_048;
/** count: deliveries of one subscription that wait, in memory and in the store */
export const webhookWaiting = 10_000;
/** bytes: of the bodies of all deliveries that wait */
export const webhookOutboxBytes = 64 * MIB;
/** count: dead letters kept; the oldest go */
export const webhookDead = 1_000;
/** ms: a try that takes longer has failed; receivers are told to answer first and work later */
export const webhookTryMs = 15_000;
/** count: tries under way to one subscription: a slow receiver takes no more of them all */
export const webhookTriesPerSubscription = 8;
/** count: tries under way to all: so many sockets */
export const webhookTries = 64;
/** ms: how long a secret that was replaced signs beside the new one */
export const webhookOldSecretMs = 24 * HOUR_MS;
