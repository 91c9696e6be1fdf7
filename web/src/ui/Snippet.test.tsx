import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { Snippet } from './Snippet'

test('what matched is marked', () => {
  render(
    <Snippet
      runs={[
        { text: 'git ', match: false },
        { text: 'commit', match: true },
      ]}
    />,
  )
  expect(screen.getByText('commit').tagName).toBe('MARK')
})

test('recorded text is never HTML', () => {
  const { container } = render(<Snippet runs={[{ text: '<img src=x onerror=alert(1)>', match: true }]} />)
  expect(container.querySelector('img')).toBeNull()
  expect(container.textContent).toBe('<img src=x onerror=alert(1)>')
})
