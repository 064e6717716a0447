import { describe, expect, it } from 'vitest'
import { Deadlines, Timed } from '../../../src/core/time/deadlines.ts'

class Entry extends Timed {
  readonly onExpire: () => void
  constructor(onExpire: () => void) {
    super()
    this.onExpire = onExpire
  }
  expire(): void {
    this.onExpire()
  }
}

describe('deadlines', () => {
  it('expire in the order they were due, never early', async () => {
    const deadlines = new Deadlines()
    const began = performance.now()
    const expired: [string, number][] = []
    await new Promise<void>((resolve) => {
      const note = (name: string) => () => {
        expired.push([name, performance.now() - began])
        if (expired.length === 3) resolve()
      }
      deadlines.add(new Entry(note('slow')), 60)
      deadlines.add(new Entry(note('fast')), 20)
      deadlines.add(new Entry(note('fast too')), 20)
    })
    expect(expired.map(([name]) => name)).toEqual(['fast', 'fast too', 'slow'])
    expect(expired[0]![1]).toBeGreaterThanOrEqual(19.5)
    expect(expired[2]![1]).toBeGreaterThanOrEqual(59.5)
  })

  it('a removed entry never expires, and its neighbours still do', async () => {
    const deadlines = new Deadlines()
    const expired: string[] = []
    const removed = new Entry(() => expired.push('removed'))
    deadlines.add(new Entry(() => expired.push('before')), 15)
    deadlines.add(removed, 15)
    await new Promise<void>((resolve) => {
      deadlines.add(
        new Entry(() => {
          expired.push('after')
          resolve()
        }),
        15,
      )
      deadlines.remove(removed)
      deadlines.remove(removed)
    })
    expect(expired).toEqual(['before', 'after'])
  })

  it('an entry added while another expires gets its own full time', async () => {
    const deadlines = new Deadlines()
    const began = performance.now()
    const second = await new Promise<number>((resolve) => {
      deadlines.add(
        new Entry(() => deadlines.add(new Entry(() => resolve(performance.now() - began)), 20)),
        20,
      )
    })
    expect(second).toBeGreaterThanOrEqual(39)
  })
})
