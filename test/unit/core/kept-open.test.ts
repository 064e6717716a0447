import { expect, test } from 'vitest'
import { KeptOpen } from '../../../src/core/kept-open.ts'

function opening(letGo: string[] = []) {
  const opened: string[] = []
  const kept = new KeptOpen<string>(2, (one) => letGo.push(one))
  const get = (name: string) =>
    kept.get(name, async () => {
      opened.push(name)
      return name
    })
  return { kept, get, opened }
}

test('one is opened for all who come, and kept', async () => {
  const { get, opened } = opening()
  expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['a', 'a', 'b'])
  expect(await get('a')).toBe('a')
  expect(opened).toEqual(['a', 'b'])
})

test('beyond the most the oldest is let go, and opened again when it is wanted', async () => {
  const letGo: string[] = []
  const { kept, get, opened } = opening(letGo)
  for (const name of ['a', 'b', 'c', 'a']) await get(name)
  expect(opened).toEqual(['a', 'b', 'c', 'a'])
  await kept.close()
  expect(letGo).toEqual(['a', 'b', 'c', 'a'])
})

test('a failed opening is told to all who waited, and forgotten', async () => {
  const kept = new KeptOpen<number>(2, () => {})
  let tries = 0
  const open = async (): Promise<number> => {
    if (++tries === 1) throw new Error('not yet')
    return tries
  }
  const both = await Promise.allSettled([kept.get('a', open), kept.get('a', open)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await kept.get('a', open)).toBe(2)
})

test('a close waits for what is being opened, and does not mind what fails', async () => {
  const letGo: string[] = []
  const kept = new KeptOpen<string>(2, (one) => letGo.push(one))
  kept.get('a', async () => 'a').catch(() => {})
  kept.get('b', () => Promise.reject(new Error('never'))).catch(() => {})
  await kept.close()
  expect(letGo).toEqual(['a'])
})
