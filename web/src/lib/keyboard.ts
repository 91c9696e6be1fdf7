const typingElements = 'input, textarea, select, [contenteditable]'
const pressable = 'button, a, summary, [role=slider], [role=button]'

/** Whether a key pressed here is text for a field, or belongs to the browser, rather than a shortcut. */
export function isForField(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null
  return event.ctrlKey || event.metaKey || event.altKey || target?.closest(typingElements) != null
}

/** Whether the focused control itself answers this key. */
export function isForControl(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null
  return (event.key === ' ' || event.key === 'Enter') && target?.closest(pressable) != null
}
