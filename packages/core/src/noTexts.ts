/** Stands for `texts.ts` in production builds for browsers: bundlers then leave the texts out. */
export const TEXTS = false;
