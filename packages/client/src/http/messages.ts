/** Place of a message in the log of its topic. A topic without a log has the epoch '' and the offset 0. */
export interface HttpPosition {
  readonly epoch: string;
  readonly offset: number;
}

export interface HttpPublishOptions {
  /** of the event, at most 64 characters */
  readonly name?: string;
  /** 1…64 of A-Z a-z 0-9 _ -: publishing it again within a minute publishes nothing again. Drawn by the server by default. */
  readonly id?: string;
  /** how long it is kept at most, ms; what the server's namespace says by default */
  readonly ttlMs?: number;
}

export interface HttpPublished extends HttpPosition {
  readonly id: string;
  /** when it was accepted, ms since the epoch */
  readonly ts: number;
}

export interface HttpMessage extends HttpPublished {
  readonly name: string;
  readonly data: unknown;
  /** subject of the sender; '' for the server itself */
  readonly from: string;
  readonly node: string;
}

export interface HttpHistory {
  /** the oldest first */
  readonly messages: readonly HttpMessage[];
  /** whether nothing is missing after the position asked for */
  readonly recovered: boolean;
  readonly latest: HttpPosition;
  readonly hasMore: boolean;
}
