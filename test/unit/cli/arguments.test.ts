import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../../src/cli/command/arguments.ts'
import type { Option } from '../../../src/cli/command/option.ts'
import { SPOUT_OPTIONS } from '../../../src/cli/verbs/spout/options.ts'

const OPTIONS: readonly Option[] = [
  { name: 'count', short: 'c', kind: 'integer', help: '', fallback: 1 },
  { name: 'concurrency', short: 'n', kind: 'integer', help: '', least: 1 },
  { name: 'timeout', short: 't', kind: 'number', help: '' },
  { name: 'reconnect', short: 'r', kind: 'flag', help: '' },
  { name: 'reconnect-limit', short: 'l', kind: 'integer', help: '' },
  { name: 'property', short: 'P', kind: 'list', help: '' },
  { name: 'subject', short: 'S', kind: 'text', help: '' },
  { name: 'mode', kind: 'text', choices: ['a', 'b'], help: '' },
  { name: 'verbose', short: 'v', kind: 'flag', help: '' },
]

function parse(...argv: string[]) {
  return parseArguments(OPTIONS, argv)
}

describe('the rules of optparse', () => {
  it.each([
    [['-c', '5', 'q']],
    [['-c5', 'q']],
    [['--count', '5', 'q']],
    [['--count=5', 'q']],
    [['--cou', '5', 'q']],
    [['q', '-c', '5']],
    [['-vc5', 'q']],
    [['-c', '3', '-c', '5', 'q']],
  ])('%j is a count of 5 and one argument', (argv) => {
    const args = parse(...argv)
    expect(args.number('count')).toBe(5)
    expect(args.positionals).toEqual(['q'])
  })

  it('a value may begin with a dash, or be empty', () => {
    expect(parse('-c', '-1').number('count')).toBe(-1)
    expect(parse('-S', '-v').text('subject')).toBe('-v')
    expect(parse('--subject=').text('subject')).toBe('')
    expect(parse('-S', '').text('subject')).toBe('')
  })

  it('lists gather, in order', () => {
    expect(parse('-P', 'a=1', '--property=b', '-Pc=').list('property')).toEqual(['a=1', 'b', 'c='])
    expect(parse().list('property')).toEqual([])
  })

  it('-- ends the options, - alone is an argument', () => {
    const args = parse('-v', '-', '--', '-c', '--count')
    expect(args.positionals).toEqual(['-', '-c', '--count'])
    expect(args.flag('verbose')).toBe(true)
  })

  it('an exact name wins over being the beginning of another one', () => {
    expect(parse('--reconnect').flag('reconnect')).toBe(true)
    expect(parse('--reconnect-l', '2').number('reconnect-limit')).toBe(2)
  })

  it('a cut name that only one of the originals had stays theirs', () => {
    const short = parseArguments(SPOUT_OPTIONS, [
      '--co',
      '2',
      '--su',
      's',
      '--d',
      '--t',
      '1',
      '--p',
      'a=b',
      '--m',
      'k',
    ])
    expect(short.number('count')).toBe(2)
    expect([short.text('subject'), short.flag('durable'), short.number('timeout')]).toEqual(['s', true, 1])
    expect([...short.list('property'), ...short.list('map')]).toEqual(['a=b', 'k'])
    expect(() => parseArguments(SPOUT_OPTIONS, ['--re', 'x'])).toThrow(
      'ambiguous option: --re (--reconnect, --reconnect-interval, --reconnect-limit, --reply-to?)',
    )
  })

  it('what was not given has its default, and is told apart', () => {
    expect(parse().number('count')).toBe(1)
    expect(parse().has('count')).toBe(false)
    expect(parse('-c1').has('count')).toBe(true)
    expect(parse().number('timeout')).toBe(undefined)
  })

  it.each([
    [['-x'], 'no such option: -x'],
    [['--nothing'], 'no such option: --nothing'],
    [['--suject=x'], 'no such option: --suject (did you mean --subject?)'],
    [['--re'], 'ambiguous option: --re (--reconnect, --reconnect-limit?)'],
    [['-c'], '-c option requires 1 argument'],
    [['--count'], '--count option requires 1 argument'],
    [['-c', 'many'], "option -c: invalid integer value: 'many'"],
    [['-c', '1.5'], "option -c: invalid integer value: '1.5'"],
    [['--timeout=soon'], "option --timeout: invalid floating-point value: 'soon'"],
    [['-n', '0'], 'option -n: less than 1'],
    [['--concurrency=-1'], 'option --concurrency: less than 1'],
    [['-t', ''], "option -t: invalid floating-point value: ''"],
    [['--verbose=1'], '--verbose option does not take a value'],
    [['--mode', 'c'], "option --mode: invalid choice: 'c' (choose from 'a', 'b')"],
  ])('%j: %s', (argv, text) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ name: 'UsageError', message: text }))
  })

  it('reading an option that was not declared is a defect', () => {
    expect(() => parse().flag('nothing')).toThrow('undeclared option nothing')
    expect(() => parse().flag('count')).toThrow('undeclared option count')
  })
})
