/** Every place where the store reaches into lmdb: with lmdb built otherwise there, a warning tells, and messages are kept. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as lmdb from 'lmdb'
import { afterEach, expect, test, vi } from 'vitest'
import { REACHES, type ReachName } from '../../../../src/broker/store/reaches.ts'
import { connect, queue } from '../../../../src/index.ts'
import { collectWarnings } from '../../../support/planted-library.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** Sends, closes, opens again, receives: over this lmdb. */
async function keeps(module: object): Promise<string[]> {
  vi.doMock('lmdb', () => module)
  open.push(() => vi.doUnmock('lmdb'))
  const directory = mkdtempSync(join(tmpdir(), 'sluice-reaches-'))
  open.push(() => rmSync(directory, { recursive: true, force: true }))
  const { warnings, end } = collectWarnings()
  open.push(end)
  const orders = queue<number>('orders')
  const first = await connect(`file:${directory}`)
  await Promise.all(Array.from({ length: 50 }, (_, n) => first.send(orders, n)))
  await first.close()
  const second = await connect(`file:${directory}`)
  open.push(() => second.close())
  const receiver = await second.receiver(orders)
  for (let n = 0; n < 50; n++) {
    const delivery = await receiver.receive({ timeoutMs: 10_000 })
    expect(delivery?.body).toBe(n)
    await delivery!.accept()
  }
  // What an opening warns of is told in the next turn, when whoever awaited `connect()` can listen.
  await setImmediate()
  return warnings
}

test('lmdb as it is installed: nothing is warned of', async () => {
  expect(await keeps({ ...lmdb })).toEqual([])
})

const CHANGES: readonly (readonly [ReachName, string, object])[] = [
  ['kernelLock', 'no class for environments', { nativeAddon: {} }],
  ['fileUse', 'a renamed member', { open: withDatabase(without('env')) }],
  [
    'fileUse',
    'other counts',
    { open: withDatabase((root) => Object.assign(root, { getStats: () => ({}) })) },
  ],
]

/** lmdb's `open` with a change of what it returns. */
function withDatabase(changed: (root: object) => object): typeof lmdb.open {
  return ((...given: Parameters<typeof lmdb.open>) => changed(lmdb.open(...given))) as typeof lmdb.open
}

/** The same object, whose users do not find this member; its own methods do. */
function without(member: string): (root: object) => object {
  return (root) =>
    new Proxy(root, {
      get(target, key) {
        if (key === member) return undefined
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
}

test.each(CHANGES)('%s: %s', async (name, _what, change) => {
  const warnings = await keeps({ ...lmdb, ...change })
  // Each of the two brokers tells it to the first who connects.
  expect(warnings.filter((text) => text.includes(REACHES[name].expects))).toHaveLength(2)
})

test('every reach has a change', () => {
  expect([...new Set(CHANGES.map(([name]) => name))].sort()).toEqual(Object.keys(REACHES).sort())
})
