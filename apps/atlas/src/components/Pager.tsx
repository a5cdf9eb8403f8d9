import { formatNumber } from '../state/formats.js';
import { Icon } from './Icon.js';

/** Which rows of how many are on the screen, and the way to the others. */
export function Pager(props: {
  from: number;
  count: number;
  /** How many there are in all, where that is known. */
  total: number | undefined;
  hasNext: boolean;
  onPage: (by: number) => void;
}) {
  const { from, count } = props;
  const range = count === 0 ? '0' : `${formatNumber(from + 1)} – ${formatNumber(from + count)}`;
  return (
    <nav className="pager" aria-label="Pages">
      <button
        type="button"
        className="icon-button"
        data-testid="previous"
        aria-label="Previous page"
        disabled={from === 0}
        onClick={() => props.onPage(-1)}
      >
        <Icon name="left" />
      </button>
      <span data-testid="range" aria-live="polite">
        {range}
        {props.total !== undefined && ` of ${formatNumber(props.total)}`}
      </span>
      <button
        type="button"
        className="icon-button"
        data-testid="next"
        aria-label="Next page"
        disabled={!props.hasNext}
        onClick={() => props.onPage(1)}
      >
        <Icon name="right" />
      </button>
    </nav>
  );
}
