import { formatNumber } from '../state/formats.js';
import { Icon } from './Icon.js';

/** Which page is on the screen, and the way to the others. */
export function Pager(props: {
  page: number;
  hasNext: boolean;
  hasPrevious: boolean;
  onPage: (by: 1 | -1) => void;
}) {
  return (
    <nav className="pager" aria-label="Pages">
      <button
        type="button"
        className="icon-button"
        data-testid="previous"
        aria-label="Previous page"
        disabled={!props.hasPrevious}
        onClick={() => props.onPage(-1)}
      >
        <Icon name="left" />
      </button>
      <span data-testid="page" aria-live="polite">
        Page {formatNumber(props.page + 1)}
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
