/**
 * Whether errors carry their remedies as text. Production builds for browsers get `noTexts.ts` in the place of this file
 * (`exports` of package.json), drop the texts, and point to the guide instead (docs/decisions/0006).
 */
export const TEXTS = true;
