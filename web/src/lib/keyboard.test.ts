import { expect, test } from 'vitest'
import { isForControl, isForField } from './keyboard'

function press(html: string, init: KeyboardEventInit): KeyboardEvent {
  document.body.innerHTML = html
  const event = new KeyboardEvent('keydown', { ...init, bubbles: true })
  document.body.firstElementChild?.dispatchEvent(event)
  return event
}

test('keys are left to the field or control that wants them', () => {
  const cases: [string, KeyboardEventInit, boolean, boolean][] = [
    ['<input type="search">', { key: 'j' }, true, false],
    ['<input type="checkbox">', { key: 'j' }, false, false],
    ['<input type="checkbox">', { key: ' ' }, false, true],
    ['<select></select>', { key: 'l' }, true, false],
    ['<button></button>', { key: ' ' }, false, true],
    ['<button></button>', { key: 'j' }, false, false],
    ['<a href="#"></a>', { key: 'Enter' }, false, true],
    ['<a href="#"></a>', { key: ' ' }, false, false],
    ['<div role="slider"></div>', { key: ' ' }, false, false],
    ['<p></p>', { key: 'l', ctrlKey: true }, true, false],
  ]
  for (const [html, init, field, control] of cases) {
    const event = press(html, init)
    expect([isForField(event), isForControl(event)], `${html} ${init.key}`).toEqual([field, control])
  }
})
