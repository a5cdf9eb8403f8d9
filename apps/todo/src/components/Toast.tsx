import type { NoticeHandle } from '../state/useNotice.js';
import { Icon } from './Icon.js';

/** The notice at the foot of the screen. The live region is always there, so that its first text is read too. */
export function Toast({ handle }: { handle: NoticeHandle }) {
  const { notice, dismiss, hold } = handle;
  return (
    <div className="toast-place" role="status" aria-live="polite">
      {notice !== undefined && (
        // biome-ignore lint/a11y/noStaticElementInteractions: pointer and focus only stop the clock
        <div
          key={notice.id}
          className="toast"
          data-testid="toast"
          data-tone={notice.tone}
          onPointerEnter={() => hold(true)}
          onPointerLeave={() => hold(false)}
          onFocus={() => hold(true)}
          onBlur={() => hold(false)}
        >
          <span className="toast-text">{notice.text}</span>
          {notice.undo !== undefined && (
            <button
              type="button"
              className="toast-undo"
              data-testid="toast-undo"
              aria-keyshortcuts="u"
              onClick={() => {
                notice.undo?.();
                dismiss();
              }}
            >
              Undo
            </button>
          )}
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismiss}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
