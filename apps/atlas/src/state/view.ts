export type Column = 'name' | 'country' | 'kind' | 'population' | 'lat' | 'lon';

/** What the reader looks at. It lives in the address, so Back works and a view can be bookmarked. */
export type View = {
  readonly find: string;
  /** Code of the one country shown; empty for all. */
  readonly country: string;
  /** People at least and at most; undefined where there is no bound. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly sort: Column;
  readonly descending: boolean;
};

export const columns: readonly { readonly id: Column; readonly title: string }[] = [
  { id: 'name', title: 'City' },
  { id: 'country', title: 'Country' },
  { id: 'kind', title: 'Kind' },
  { id: 'population', title: 'People' },
  { id: 'lat', title: 'Latitude' },
  { id: 'lon', title: 'Longitude' },
];

export const defaultView: View = {
  find: '',
  country: '',
  min: undefined,
  max: undefined,
  sort: 'population',
  descending: true,
};

/** Whether the reader chose an order; if not, a search begins with what fits best. */
export const hasOwnOrder = (view: View): boolean =>
  view.sort !== defaultView.sort || view.descending !== defaultView.descending;

/** A click on a column: the other way round where it is the order already; numbers of people begin at the most. */
export function sortBy(view: View, column: Column): Pick<View, 'sort' | 'descending'> {
  if (view.sort === column) return { sort: column, descending: !view.descending };
  return { sort: column, descending: column === 'population' };
}

/** Reads `#find=…&country=…&min=…&max=…&sort=-…`; whatever is missing or unknown takes its default. */
export function hashToView(hash: string): View {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const sort = fields.get('sort');
  const column = columns.find(({ id }) => id === sort?.replace(/^-/, ''));
  return {
    find: fields.get('find') ?? '',
    country: fields.get('country') ?? '',
    min: toPeople(fields.get('min') ?? ''),
    max: toPeople(fields.get('max') ?? ''),
    sort: column?.id ?? defaultView.sort,
    descending: column === undefined ? defaultView.descending : sort?.startsWith('-') === true,
  };
}

/** The shortest address of a view: defaults are left out. */
export function viewToHash(view: View): string {
  const fields = new URLSearchParams();
  if (view.find !== '') fields.set('find', view.find);
  if (view.country !== '') fields.set('country', view.country);
  if (view.min !== undefined) fields.set('min', String(view.min));
  if (view.max !== undefined) fields.set('max', String(view.max));
  if (hasOwnOrder(view)) fields.set('sort', `${view.descending ? '-' : ''}${view.sort}`);
  const text = fields.toString();
  return text === '' ? '#' : `#${text}`;
}

/** A number of people as a person types it: `1,500,000`, `1.5m`, `20k`; undefined for no number. */
export function toPeople(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([km]?)$/i.exec(text.trim().replaceAll(/[,\s'_]/g, ''));
  if (match === null) return undefined;
  const unit = { '': 1, k: 1e3, m: 1e6 }[(match[2] ?? '').toLowerCase() as '' | 'k' | 'm'];
  return Math.round(Number(match[1]) * unit);
}
