/** The record of every workload: five scalar fields, about 100 bytes of JSON, under a key of 11 characters. */
export interface BenchRecord {
  readonly title: string;
  readonly owner: string;
  readonly priority: number;
  readonly done: boolean;
  readonly updatedAt: number;
}

/** `count` keys of 11 characters in a fixed, scattered order. */
export function benchKeys(count: number): string[] {
  const keys: string[] = [];
  for (let i = 0; i < count; i++) keys.push(`k${((i * 7919) % 10_000_000_000).toString().padStart(10, '0')}`);
  return keys;
}

/** The record of index `i`; `salt` changes every value so that an overwrite is a change. */
export function benchRecord(i: number, salt = 0): BenchRecord {
  return {
    title: `task number ${i + salt} of the day`,
    owner: `user-${(i + salt) % 500}`,
    priority: (i + salt) % 10,
    done: (i + salt) % 3 === 0,
    updatedAt: 1_700_000_000_000 + i * 37 + salt,
  };
}
