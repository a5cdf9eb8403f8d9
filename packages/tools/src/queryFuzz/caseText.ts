import { tag, untag } from '@topgun/sim/internal/oracle/taggedJson';
import type { Case } from './Case.js';

/** A case as the text of a file. */
export function textOfCase(one: Case): string {
  return `${JSON.stringify(tag(one), null, 1)}\n`;
}

/** The case of such a text, written by this program or by hand for it. */
export function caseOfText(text: string): Case {
  return untag(JSON.parse(text)) as Case;
}
