const changed = new EventTarget()

/** Null too where the browser keeps nothing: in some windows it refuses. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function writeStored(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Full or refused: the page works on without.
  }
  changed.dispatchEvent(new Event('change'))
}

/** Calls back when something that is kept has changed, here or in another window. */
export function subscribeStored(onChange: () => void): () => void {
  changed.addEventListener('change', onChange)
  window.addEventListener('storage', onChange)
  return () => {
    changed.removeEventListener('change', onChange)
    window.removeEventListener('storage', onChange)
  }
}
