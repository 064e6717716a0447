import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Inbox } from '../../../src/core/inbox.ts'
import { MessagingError } from '../../../src/model/errors.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function inbox(): Inbox<number> {
  return new Inbox<number>({ beforeNothing: async () => {}, handOver: () => {} })
}

const any = (): boolean => true

/** What a wait has told so far. */
function told(wait: Promise<boolean>): { answer?: boolean | Error } {
  const seen: { answer?: boolean | Error } = {}
  wait.then(
    (some) => {
      seen.answer = some
    },
    (error) => {
      seen.answer = error
    },
  )
  return seen
}

describe('an inbox read in batches', () => {
  it('answers when enough has come, without waiting further', async () => {
    const box = inbox()
    const seen = told(box.gathered(3, 50))
    for (const item of [1, 2]) box.push(item)
    await vi.advanceTimersByTimeAsync(49)
    expect(seen.answer).toBeUndefined()
    box.push(3)
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.answer).toBe(true)
    expect(box.takeUpTo(3, any)).toEqual([1, 2, 3])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits for the first as long as it takes, and for others as long as was said', async () => {
    const box = inbox()
    const seen = told(box.gathered(3, 50))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(seen.answer).toBeUndefined()
    box.push(1)
    await vi.advanceTimersByTimeAsync(49)
    expect(seen.answer).toBeUndefined()
    await vi.advanceTimersByTimeAsync(2)
    expect(seen.answer).toBe(true)
    expect(box.takeUpTo(3, any)).toEqual([1])
  })

  it('counts the time that the first has waited before somebody asked', async () => {
    const box = inbox()
    told(box.gathered(1, 50))
    box.push(1)
    box.takeUpTo(1, any)
    box.push(2)
    await vi.advanceTimersByTimeAsync(200)
    const seen = told(box.gathered(3, 50))
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.answer).toBe(true)
  })

  it('leaves what is over for the next batch', async () => {
    const box = inbox()
    for (const item of [1, 2, 3, 4, 5]) box.push(item)
    expect(await box.gathered(3, 50)).toBe(true)
    expect(box.takeUpTo(3, any)).toEqual([1, 2, 3])
    const seen = told(box.gathered(3, 50))
    await vi.advanceTimersByTimeAsync(51)
    expect(seen.answer).toBe(true)
    expect(box.takeUpTo(3, any)).toEqual([4, 5])
  })

  it('drops what is not usable any more', () => {
    const box = inbox()
    for (const item of [1, 2, 3, 4]) box.push(item)
    expect(box.takeUpTo(2, (item) => item % 2 === 0)).toEqual([2, 4])
  })

  it('waits anew for a first one when what was there was taken away', async () => {
    const box = inbox()
    const seen = told(box.gathered(3, 50))
    box.push(1)
    expect(box.drain()).toEqual([1])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(seen.answer).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
    for (const item of [2, 3, 4]) box.push(item)
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.answer).toBe(true)
  })

  it('says when nothing will come, and why', async () => {
    const box = inbox()
    const over = told(box.gathered(3, 50))
    box.push(1)
    box.answerReaders()
    await vi.advanceTimersByTimeAsync(0)
    expect(over.answer).toBe(false)
    const failed = told(box.gathered(3, 50))
    box.rejectReaders(new MessagingError('CLOSED', 'closed'))
    await vi.advanceTimersByTimeAsync(0)
    expect(failed.answer).toMatchObject({ code: 'CLOSED' })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('readers that end before anything comes', () => {
  it('leave the others in their order, at whatever place they stood and in whatever number', async () => {
    const box = inbox()
    const ends = Array.from({ length: 2_000 }, () => new AbortController())
    const read = ends.map(({ signal }) =>
      box.read(undefined, signal).catch((error: MessagingError) => error.code),
    )
    ends.forEach((end, at) => {
      if (at % 3 !== 0) end.abort()
    })
    const stayed = read.filter((_, at) => at % 3 === 0)
    for (const at of stayed.keys()) box.push(at)
    expect(await Promise.all(stayed)).toEqual(stayed.map((_, at) => at))
    expect(new Set(await Promise.all(read.filter((_, at) => at % 3 !== 0)))).toEqual(new Set(['ABORTED']))
    expect(box.length).toBe(0)
  })

  it('are those of one owner, who has gone: what comes is for the next one', async () => {
    const box = inbox()
    const gone = {}
    const first = box.read(undefined, undefined, gone)
    const second = box.read(undefined, undefined)
    box.dismiss(gone)
    expect(await first).toBeUndefined()
    box.push(7)
    expect(await second).toBe(7)
  })
})
