import * as LIMITS from '@topgun/protocol/limits';

/** Splits the observed tags so that no remove names more than one op may. */
export function chunkTags(tags: readonly string[]): (readonly string[])[] {
  const chunks: (readonly string[])[] = [];
  for (let i = 0; i < tags.length; i += LIMITS.tagsPerRemove)
    chunks.push(tags.slice(i, i + LIMITS.tagsPerRemove));
  return chunks;
}
