// Runs before the first paint, so that a remembered theme does not flash in from the other one.
// A blocking file of its own because the content security policy forbids inline scripts.
try {
  const theme = localStorage.getItem('retrace.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage is blocked: the theme of the system is used.
}
