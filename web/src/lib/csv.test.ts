import { expect, test } from 'vitest'
import { csvCell, toCsv } from './csv'

test('no cell is a formula, and cells are quoted where they have to be', () => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+49', "'+49"],
    ['-rf', "'-rf"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1', "' =1"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['＝1', "'＝1"],
    ['a=b', 'a=b'],
  ]
  for (const [text, want] of cases) expect(csvCell(text), text).toBe(want)
})

test('rows end as the format wants', () => {
  expect(toCsv([['a', 'b'], ['1', '']])).toBe('a,b\r\n1,\r\n')
})
