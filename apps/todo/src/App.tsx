import { useClient, useQuery } from '@topgun/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Composer } from './components/Composer.js';
import { EmptyState } from './components/EmptyState.js';
import { HelpDialog } from './components/HelpDialog.js';
import { Icon } from './components/Icon.js';
import { ListHeading } from './components/ListHeading.js';
import { ListNav } from './components/ListNav.js';
import { SyncBadge } from './components/SyncBadge.js';
import { Toast } from './components/Toast.js';
import { TodoListView } from './components/TodoListView.js';
import { Toolbar } from './components/Toolbar.js';
import { countTodos, noCount } from './state/countTodos.js';
import { EVERYTHING, INBOX, LISTS_MAP, TODOS_MAP, type Todo, type TodoList } from './state/model.js';
import { arrangeRows, PAGE_ROWS, todoFilter } from './state/todoFilter.js';
import { useNotice } from './state/useNotice.js';
import { useRovingRows } from './state/useRovingRows.js';
import { useShortcuts } from './state/useShortcuts.js';
import { useTodoActions } from './state/useTodoActions.js';
import { useView } from './state/useView.js';

const listsByAge = { sort: { createdAt: 'asc' } } as const;

/** The whole screen: lists, the tasks of one of them, and the state of sync. */
export function App() {
  const client = useClient();
  const [view, changeView] = useView();
  const [limit, setLimit] = useState(PAGE_ROWS);
  const [helpOpen, setHelpOpen] = useState(false);
  const composerRef = useRef<HTMLInputElement>(null);
  const searchRef = useRef<HTMLInputElement>(null);
  const notices = useNotice();
  const actions = useTodoActions(notices.show);

  const lists = useQuery<TodoList>(LISTS_MAP, listsByAge).data;
  const everything = useQuery<Todo>(TODOS_MAP).data;
  const filter = useMemo(() => todoFilter(view, limit), [view, limit]);
  const { data, loading } = useQuery<Todo>(TODOS_MAP, filter);
  const rows = useMemo(() => arrangeRows(data, view, limit), [data, view, limit]);

  const counts = useMemo(() => countTodos(everything), [everything]);
  const listNames = useMemo(
    () => new Map([[INBOX, 'Inbox'], ...lists.map((list) => [list._key, list.name] as const)]),
    [lists],
  );
  const keys = useMemo(() => rows.map((row) => row._key), [rows]);
  const roving = useRovingRows(keys, view.list);

  const list = lists.find((candidate) => candidate._key === view.list);
  const title = view.list === EVERYTHING ? 'Everything' : (listNames.get(view.list) ?? 'Deleted list');
  // Tasks of the view over everything, and of a list somebody else has deleted meanwhile, go to the inbox.
  const target = listNames.has(view.list) ? view.list : INBOX;
  const count = counts.get(view.list) ?? noCount;
  const { show } = notices;

  useEffect(
    () =>
      client.onRejection((rejection) => {
        show(`The server refused a change (${rejection.code}). It was taken back on this device.`, {
          tone: 'problem',
        });
      }),
    [client, show],
  );
  useEffect(() => {
    document.title = count.active === 0 ? `${title} · Tasks` : `${title} (${count.active}) · Tasks`;
  }, [title, count.active]);

  useShortcuts({
    n: () => composerRef.current?.focus(),
    '/': () => searchRef.current?.focus(),
    '?': () => setHelpOpen(true),
    u: () => {
      notices.notice?.undo?.();
      notices.dismiss();
    },
    ArrowDown: () => roving.focusRow(roving.activeKey),
    ArrowUp: () => roving.focusRow(roving.activeKey),
  });

  const select = (key: string) => {
    setLimit(PAGE_ROWS);
    changeView({ list: key, search: '' });
  };
  const doneHere = () =>
    everything.filter((row) => row.done && (view.list === EVERYTHING || row.list === view.list));

  return (
    <div className="app">
      <button type="button" className="skip" onClick={() => roving.focusRow(roving.activeKey)}>
        Skip to tasks
      </button>
      <div className="topbar">
        <span className="brand">
          <img src="./icon.svg" alt="" width="26" height="26" />
          Tasks
        </span>
        <SyncBadge />
        <button
          type="button"
          className="icon-button"
          aria-label="Keyboard help"
          aria-keyshortcuts="?"
          onClick={() => setHelpOpen(true)}
        >
          <Icon name="help" />
        </button>
      </div>
      <ListNav
        lists={lists}
        counts={counts}
        current={view.list}
        onSelect={select}
        onAdd={(name) => {
          select(actions.addList(name));
          // A new list wants its first task.
          composerRef.current?.focus();
        }}
      />
      <main className="main">
        <ListHeading
          key={view.list}
          title={title}
          count={count}
          list={list}
          onRename={actions.renameList}
          onRemove={(removed) => {
            actions.removeList(
              removed,
              everything.filter((row) => row.list === removed._key),
            );
            select(EVERYTHING);
          }}
        />
        <Composer
          inputRef={composerRef}
          listName={listNames.get(target) ?? 'Inbox'}
          onAdd={(draft) => actions.add({ ...draft, list: target })}
        />
        <Toolbar
          view={view}
          searchRef={searchRef}
          onChange={(change) => {
            setLimit(PAGE_ROWS);
            changeView(change);
          }}
          onLeave={() => {
            searchRef.current?.blur();
            roving.focusRow(roving.activeKey);
          }}
        />
        {rows.length === 0 ? (
          <EmptyState
            view={view}
            loading={loading}
            hasTasks={count.active + count.done > 0}
            onShowAll={() => changeView({ status: 'all', search: '' })}
          />
        ) : (
          <TodoListView
            rows={rows}
            lists={lists}
            listNames={view.list === EVERYTHING ? listNames : undefined}
            actions={actions}
            roving={roving}
            label={`Tasks in ${title}`}
          />
        )}
        <footer className="footer">
          {rows.length >= limit && (
            <button
              type="button"
              className="button"
              data-testid="show-more"
              onClick={() => setLimit(limit + PAGE_ROWS)}
            >
              Show more
            </button>
          )}
          {count.done > 0 && view.status !== 'active' && (
            <button
              type="button"
              className="link"
              data-testid="clear-done"
              onClick={() => actions.clearDone(doneHere())}
            >
              Delete {count.done === 1 ? 'the finished task' : `${count.done} finished tasks`}
            </button>
          )}
        </footer>
      </main>
      <Toast handle={notices} />
      <HelpDialog open={helpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  );
}
