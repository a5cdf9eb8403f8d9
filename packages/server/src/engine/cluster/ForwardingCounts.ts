/** What became of the ops that a gateway sent to owners; all of them only rise. */
export class ForwardingCounts {
  /** sent for the first time */
  sent = 0;
  /** sent again: a link broke, or the owner changed */
  again = 0;
  /** sent back by who was not the owner (NOT_OWNER) */
  sentBack = 0;
  /** answered for good */
  answered = 0;
  /** of those, from sending them last until the answer was here; ms */
  answeredMs = 0;
}
