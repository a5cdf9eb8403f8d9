import { Icon } from './Icon.js';

/** What stands in place of the table when it has no row, and what to do about it. */
export function EmptyState(props: { loading: boolean; hasCities: boolean; onShowAll: () => void }) {
  const [title, text] = words(props);
  return (
    <div className="empty" data-testid="empty">
      <span className="empty-icon" aria-hidden="true">
        <Icon name="globe" size={28} />
      </span>
      <p className="empty-title">{title}</p>
      <p className="quiet">{text}</p>
      {props.hasCities && !props.loading && (
        <button type="button" className="button" onClick={props.onShowAll}>
          Show all cities
        </button>
      )}
    </div>
  );
}

function words({ loading, hasCities }: { loading: boolean; hasCities: boolean }): readonly [string, string] {
  if (loading) return ['Opening the atlas', 'The cities are read from this device.'];
  if (hasCities) return ['Nothing found', 'No city is as you asked. Try another word or another size.'];
  return ['No cities yet', 'They come from the server; the first time takes some seconds.'];
}
