import { expect, test } from 'vitest'
import { Child } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'

test('unique names differ and carry their prefix', () => {
  const names = new Set(Array.from({ length: 1000 }, () => uniqueName('q')))
  expect(names.size).toBe(1000)
  for (const name of names) expect(name).toMatch(/^q-[0-9a-f]{12}$/)
})

test('eventually resolves to the first truthy value and looks again after a throw', async () => {
  let looks = 0
  const value = await eventually(() => {
    looks++
    if (looks < 3) throw new Error('not yet')
    return looks === 4 && 'there'
  })
  expect(value).toBe('there')
  expect(looks).toBe(4)
})

test('eventually rejects at the deadline, with what was awaited and the last error', async () => {
  const never = () => {
    throw new Error('no queue')
  }
  await expect(eventually(never, { timeoutMs: 30, what: 'the queue is there' })).rejects.toThrow(
    'Not within 30 ms: the queue is there: no queue',
  )
})

test('a child runs TypeScript of this checkout and is talked to by lines', async () => {
  await using child = Child.run(
    `
    import { createInterface } from 'node:readline'
    import { MessagingError } from 'src/index.ts'
    console.log(new MessagingError('CLOSED', process.env.WORD as string).message)
    for await (const line of createInterface({ input: process.stdin })) {
      if (line === 'end') break
      console.log(line.toUpperCase())
    }
    process.exit(3)`,
    { WORD: 'hello' },
  )
  expect(await child.line()).toContain('hello')
  child.send('shout')
  expect(await child.line()).toBe('SHOUT')
  child.send('end')
  expect(await child.ended).toMatchObject({ code: 3, signal: null })
})

test('a child that fails tells why instead of leaving its reader waiting', async () => {
  await using child = Child.run(`throw new Error('broken by design')`)
  await expect(child.line()).rejects.toThrow('broken by design')
})

test('a child is killed for good', async () => {
  await using child = Child.run(`console.log('up'); setInterval(() => {}, 1000)`)
  await child.line()
  expect(await child.kill()).toMatchObject({ signal: 'SIGKILL' })
})
