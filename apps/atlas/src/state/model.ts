/** One map holds everything: key → city. The key is the number that GeoNames gave it. */
export const CITIES_MAP = 'cities';

export type City = {
  readonly id: number;
  readonly name: string;
  /** Another name, where it has one. */
  readonly alt?: string;
  /** ISO 3166 code of two letters. */
  readonly country: string;
  /** Code of the region within the country. */
  readonly region: string;
  /** What kind of place it is: a feature code of GeoNames. */
  readonly kind: string;
  readonly population: number;
  /** Degrees; north and east are positive. */
  readonly lat: number;
  readonly lon: number;
};

/** A city as a row of a query. */
export type CityRow = City & { readonly _key: string };

export const NAME_CHARS_MAX = 120;
export const POPULATION_MAX = 100_000_000;

const kinds: Readonly<Record<string, string>> = {
  PPLC: 'Capital',
  PPLG: 'Seat of government',
  PPLA: 'Regional seat',
  PPLA2: 'District seat',
  PPLA3: 'Local seat',
  PPLA4: 'Local seat',
  PPLA5: 'Local seat',
  PPLX: 'Quarter',
  PPLL: 'Locality',
  PPLF: 'Farm village',
  PPLS: 'Places',
  PPLH: 'Historical',
  PPLQ: 'Abandoned',
  PPLW: 'Destroyed',
  PPLR: 'Religious place',
  PPLCH: 'Former capital',
  STLMT: 'Settlement',
};

export const kindName = (kind: string): string => kinds[kind] ?? 'Town';

const countryNames = new Intl.DisplayNames(['en'], { type: 'region' });

const known = new Map<string, string>();

/** What a country is called; the code itself where nobody knows better. */
export function countryName(code: string): string {
  const name = known.get(code) ?? nameOf(code);
  known.set(code, name);
  return name;
}

function nameOf(code: string): string {
  try {
    return countryNames.of(code) ?? code;
  } catch {
    // Not a code of two letters: somebody wrote another text there.
    return code;
  }
}
