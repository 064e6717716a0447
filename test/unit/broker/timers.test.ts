import fc from 'fast-check'
import { expect, test } from 'vitest'
import { now, TimerItem, Timers } from '../../../src/broker/timing/timers.ts'

class Item extends TimerItem {
  readonly #fired: Item[]
  readonly label: number
  readonly wait: number

  constructor(fired: Item[], label: number, wait: number) {
    super()
    this.#fired = fired
    this.label = label
    this.wait = wait
  }

  due(): void {
    this.#fired.push(this)
  }
}

async function firedAll(items: Item[], fired: Item[]): Promise<void> {
  while (fired.length < items.length) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('items fire in the order of their times; one that was cleared never does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ wait: fc.integer({ min: 0, max: 30 }), cleared: fc.boolean() }), {
        maxLength: 60,
      }),
      async (plan) => {
        const timers = new Timers()
        timers.holdProcess(true)
        const fired: Item[] = []
        const items = plan.map(({ wait }, label) => new Item(fired, label, wait))
        const start = now()
        for (const item of items) timers.set(item, start + item.wait)
        const kept = items.filter((item) => !plan[item.label]!.cleared)
        for (const item of items) if (plan[item.label]!.cleared) timers.clear(item)
        await firedAll(kept, fired)
        expect(fired.map(({ wait }) => wait)).toEqual(kept.map(({ wait }) => wait).sort((a, b) => a - b))
        expect(now() - start).toBeGreaterThanOrEqual(Math.max(0, ...kept.map(({ wait }) => wait)))
        timers.close()
      },
    ),
    { numRuns: 20 },
  )
})

test('an item can be set anew from its own hour, and after the close nothing fires', async () => {
  const timers = new Timers()
  timers.holdProcess(true)
  let count = 0
  class Again extends TimerItem {
    due(): void {
      if (++count < 5) timers.set(this, now() + 1)
    }
  }
  timers.set(new Again(), now() + 1)
  while (count < 5) await new Promise((resolve) => setTimeout(resolve, 1))
  const late: Item[] = []
  timers.set(new Item(late, 0, 0), now() + 5)
  timers.close()
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(late).toEqual([])
})
