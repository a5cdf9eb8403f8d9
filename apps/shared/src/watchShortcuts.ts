export type Shortcuts = Readonly<Record<string, () => void>>;

/**
 * Single-key commands for the whole page, by `KeyboardEvent.key`, until the returned function is called. They are silent
 * while the reader types, while a dialog is open, and together with Ctrl, Alt or Meta, which belong to the browser.
 */
export function watchShortcuts(shortcuts: () => Shortcuts): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const run = shortcuts()[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select')) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}
