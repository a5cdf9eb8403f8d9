/** What a way does to the bytes of one direction. */
export type Effect =
  /** carries nothing; what was said comes late, once it is lifted */
  | { readonly type: 'hold' }
  /** each piece takes so long, and up to `jitterMs` more; order stays */
  | { readonly type: 'slow'; readonly delayMs: number; readonly jitterMs: number }
  /** so many bytes in a second */
  | { readonly type: 'trickle'; readonly bytesPerSecond: number };

/** What is done to the connections between two places, from `lay` until it is lifted. */
export interface Rule {
  /** One of them said to be everybody with `*`. */
  readonly between: readonly [one: string, other: string];
  /** `there`: only what goes from the first to the second, whoever dialled */
  readonly direction: 'both' | 'there';
  /**
   * `cut`: connections are reset at both ends, new ones too. `half`: the first place goes on believing in its connections, the second has
   * lost them; new ones are carried.
   */
  readonly effect: Effect | { readonly type: 'cut' } | { readonly type: 'half' };
  /** of the connections, drawn by each as it comes, 0 to 1; default all */
  readonly share?: number;
  /** Connections that were touched are reset when it is lifted, as where a router has forgotten them; by default they go on. */
  readonly endsReset?: boolean;
}

/** Whether a rule means what travels from one place to another. */
export function means(rule: Rule, from: string, to: string): boolean {
  const [one, other] = rule.between;
  const fits = (a: string, b: string): boolean => (a === '*' || a === from) && (b === '*' || b === to);
  return fits(one, other) || (rule.direction === 'both' && fits(other, one));
}
