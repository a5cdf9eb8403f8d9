/** What became of a try: the status of the answer, or why there was none. */
export type PostResult = { readonly status: number } | { readonly fault: string };

/** Posts to addresses outside. */
export interface HttpOut {
  /** Resolves within `timeoutMs`, whatever happens; follows no redirects, and reads no more of an answer than its status. */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    timeoutMs: number,
  ): Promise<PostResult>;
}

/** What the dispatcher needs of the world. */
export interface DispatcherPorts {
  readonly out: HttpOut;
  readonly wallMs: () => number;
  /** Runs once after the delay, unless the answer is called before. */
  readonly arm: (delayMs: number, run: () => void) => () => void;
  /** Stores a fact under its name, as soon as may be; null takes it back. */
  readonly stage: (name: string, value: unknown) => void;
  /** Whether this node sees to a subscription: in a cluster one does (CLU-26). By default it is the only one. */
  readonly isOurs?: (subscription: string) => boolean;
  /** for the metrics */
  readonly count: (outcome: PostOutcome) => void;
}

export type PostOutcome = 'delivered' | 'failed' | 'gone' | 'dead';
