import { EVERYTHING } from './model.js';

export type Status = 'all' | 'active' | 'done';
export type SortField = 'created' | 'title' | 'priority' | 'due';

/** What the reader looks at. It lives in the address, so Back works and a view can be bookmarked. */
export type View = {
  readonly list: string;
  readonly status: Status;
  readonly sort: SortField;
  readonly search: string;
};

export const defaultView: View = { list: EVERYTHING, status: 'all', sort: 'created', search: '' };

export const statusNames: Readonly<Record<Status, string>> = { all: 'All', active: 'Active', done: 'Done' };
export const sortNames: Readonly<Record<SortField, string>> = {
  created: 'Newest first',
  title: 'Title',
  priority: 'Priority',
  due: 'Due date',
};

export const statuses: readonly Status[] = ['all', 'active', 'done'];
export const sortFields: readonly SortField[] = ['created', 'title', 'priority', 'due'];

/** Reads `#list=…&show=…&sort=…&find=…`; whatever is missing or unknown takes its default. */
export function hashToView(hash: string): View {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    list: fields.get('list') || defaultView.list,
    status: statuses.find((status) => status === fields.get('show')) ?? defaultView.status,
    sort: sortFields.find((field) => field === fields.get('sort')) ?? defaultView.sort,
    search: fields.get('find') ?? '',
  };
}

/** The shortest address of a view: defaults are left out. */
export function viewToHash(view: View): string {
  const fields = new URLSearchParams();
  if (view.list !== defaultView.list) fields.set('list', view.list);
  if (view.status !== defaultView.status) fields.set('show', view.status);
  if (view.sort !== defaultView.sort) fields.set('sort', view.sort);
  if (view.search !== '') fields.set('find', view.search);
  const text = fields.toString();
  return text === '' ? '#' : `#${text}`;
}
