/** Writes so many cities (all when left out), the largest first, as NDJSON, and returns how many there are. */
export function writeCities(file: string, count?: number): number;
