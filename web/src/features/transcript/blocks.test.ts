import { expect, test } from 'vitest'
import { momentOf } from '../../test/moment'
import { blocksOf } from './blocks'

const line = (text: string) => momentOf({ kind: 'SCREEN', text })
const command = (text: string) => momentOf({ kind: 'COMMAND', text })

test('what was seen stands below the command that it belongs to, without the line it was typed in', () => {
  const moments = [
    line('Last login: today'),
    line('ops@db1:~$ cat <<EOF'),
    command('cat <<EOF\nx\nEOF'),
    line('x'),
    line('ops@db1:~$ ls'),
    command('ls'),
    command('true'),
  ]
  const blocks = blocksOf(moments).map(({ command, lines }) => [command?.text, lines.map(({ text }) => text)])
  expect(blocks).toEqual([
    [undefined, ['Last login: today']],
    ['cat <<EOF\nx\nEOF', ['x']],
    ['ls', []],
    ['true', []],
  ])
})

test('long outputs are cut, and nothing is lost', () => {
  const moments = [command('seq 1000'), ...Array.from({ length: 1_000 }, (_, n) => line(String(n)))]
  const blocks = blocksOf(moments)
  expect(blocks.length).toBe(5)
  expect(blocks.flatMap(({ lines }) => lines).length).toBe(1_000)
})

test('a prompt with nothing else before its command leaves no empty block', () => {
  expect(blocksOf([line('$ ls'), command('ls')]).length).toBe(1)
})
