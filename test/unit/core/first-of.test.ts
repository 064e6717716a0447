import { expect, test } from 'vitest'
import { firstOf } from '../../../src/core/connecting/first-of.ts'

const silent = (signal: AbortSignal): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
const failing = (text: string) => () => Promise.reject(new Error(text))
const nothing = (): void => {}

test('one that fails has the next tried at once, and the last failure is told', async () => {
  const begun: string[] = []
  const attempts = ['a', 'b'].map((name) => () => {
    begun.push(name)
    return Promise.reject(new Error(name))
  })
  await expect(firstOf(attempts, 60_000, nothing)).rejects.toThrow('b')
  expect(begun).toEqual(['a', 'b'])
})

test('one that is silent has the next tried beside it, and is aborted when that one succeeds', async () => {
  let aborted: AbortSignal | undefined
  const first = (signal: AbortSignal) => {
    aborted = signal
    return silent(signal)
  }
  expect(await firstOf([first, failing('refused'), async () => 'third'], 5, nothing)).toBe('third')
  expect(aborted!.aborted).toBe(true)
})

test('one that answers behind a silence counts, where the others fail', async () => {
  const slow = () => new Promise<string>((resolve) => setTimeout(resolve, 30, 'slow'))
  expect(await firstOf([slow, failing('refused')], 5, nothing)).toBe('slow')
})

test('what a second one brings all the same is given back', async () => {
  const late: string[] = []
  let bring = (_: string): void => {}
  const deaf = () => new Promise<string>((resolve) => (bring = resolve))
  expect(await firstOf([deaf, async () => 'second'], 5, (value) => void late.push(value))).toBe('second')
  bring('first')
  await new Promise(setImmediate)
  expect(late).toEqual(['first'])
})
