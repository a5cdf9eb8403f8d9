import type { View } from '../state/view.js';
import { Icon, type IconName } from './Icon.js';

/** What stands in place of the rows when there are none, and what to do about it. */
export function EmptyState(props: {
  view: View;
  loading: boolean;
  hasTasks: boolean;
  onShowAll: () => void;
}) {
  const { icon, title, text } = words(props);
  return (
    <div className="empty" data-testid="empty">
      <span className="empty-icon" aria-hidden="true">
        <Icon name={icon} size={28} />
      </span>
      <p className="empty-title">{title}</p>
      <p className="quiet">{text}</p>
      {props.hasTasks && !props.loading && (
        <button type="button" className="button" onClick={props.onShowAll}>
          Show all tasks
        </button>
      )}
    </div>
  );
}

function words(props: { view: View; loading: boolean; hasTasks: boolean }): {
  icon: IconName;
  title: string;
  text: string;
} {
  const { view } = props;
  if (props.loading)
    return { icon: 'layers', title: 'Opening your tasks', text: 'They are on this device already.' };
  if (view.search.trim() !== '') {
    return {
      icon: 'search',
      title: 'Nothing found',
      text: `No task here has “${view.search.trim()}” in its title.`,
    };
  }
  if (!props.hasTasks) {
    return {
      icon: 'inbox',
      title: 'A clear desk',
      text: 'Type a task and press Enter. It is kept, online or not.',
    };
  }
  return view.status === 'done'
    ? { icon: 'list', title: 'Nothing finished yet', text: 'Tasks you complete are gathered here.' }
    : { icon: 'check', title: 'All done', text: 'Nothing is left to do in this list.' };
}
