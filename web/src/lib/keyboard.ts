const typingElements = 'input:not([type=checkbox]), textarea, select, [contenteditable]'
const pressedWith: Record<string, string> = {
  Enter: 'a, button, summary',
  ' ': 'button, summary, input[type=checkbox]',
}

/** Whether a key pressed here is text for a field, or belongs to the browser, rather than a shortcut. */
export function isForField(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || isInside(event, typingElements)
}

/** Whether the focused control itself answers this key. */
export function isForControl(event: KeyboardEvent): boolean {
  const controls = pressedWith[event.key]
  return controls !== undefined && isInside(event, controls)
}

function isInside(event: KeyboardEvent, selector: string): boolean {
  return event.target instanceof Element && event.target.closest(selector) !== null
}
