const DIGITS = 64;

/** What is wrong with a client id, in the words that clients know; undefined where it is one: 64 hexadecimal digits in any case. */
export function clientIdFault(id: string): string | undefined {
  const text = id.trim();
  if (text.length !== DIGITS) return `public address must be ${DIGITS} characters long`;
  return /^[\da-f]+$/i.test(text) ? undefined : 'public address must be a valid hex string';
}

const PREFIX = 'mailbox/';

/** The name of the mailbox of a client id, which is the same in either case. */
export const mailboxOf = (id: string): string => `${PREFIX}${id.trim().toLowerCase()}`;

/** What the topics of all mailboxes are called. */
export const MAILBOXES = `${PREFIX}*`;

export const isMailbox = (topic: string): boolean => topic.startsWith(PREFIX);
