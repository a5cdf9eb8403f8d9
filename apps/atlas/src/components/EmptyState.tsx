import { Icon } from './Icon.js';

/** What stands in place of the table when it has no row, and what to do about it. */
export function EmptyState(props: {
  loading: boolean;
  hasCities: boolean;
  progress: number;
  onShowAll: () => void;
}) {
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

function words({
  loading,
  hasCities,
  progress,
}: Parameters<typeof EmptyState>[0]): readonly [string, string] {
  if (loading) return ['Opening the atlas', 'The cities are read from this device.'];
  if (progress < 1)
    return [`Reading all names: ${Math.floor(100 * progress)} %`, 'The search is ready in a moment.'];
  if (hasCities) return ['Nothing found', 'No city is as you asked. Try another word or another size.'];
  return ['No cities yet', 'They come from the server; the first time takes some seconds.'];
}
