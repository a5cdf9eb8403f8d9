/** What a bus counts, for metrics. */
export class BusCounts {
  published = 0;
  received = 0;
  deduplicated = 0;
  /** with BUS_UNAVAILABLE or TOPIC_FULL */
  refused = 0;
  /** messages of topics without a log that found no room to wait in */
  dropped = 0;
  /** accepted messages added again because Redis had lost them */
  readded = 0;
  /** readings of a log to close a gap */
  fills = 0;
  /** topics whose subscribers were told to begin anew */
  lost = 0;
  /** messages on our channels that are none of ours */
  unreadable = 0;
  /** connections to Redis that were lost, or could not be made */
  connectionErrors = 0;

  snapshot<T extends object>(more: T) {
    const { published, received, deduplicated, refused, dropped } = this;
    const { readded, fills, lost, unreadable, connectionErrors } = this;
    const heard = { published, received, deduplicated, refused, dropped };
    const mended = { readded, fills, lost, unreadable, connectionErrors };
    return { ...heard, ...mended, ...more };
  }
}
