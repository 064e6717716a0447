import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Output } from '../../../src/cli/print/output.ts'
import { Progress, progressText } from '../../../src/cli/print/progress.ts'

describe('the line', () => {
  it.each([
    ['12 sent', 12, 4, undefined, '12 sent, 4/s'],
    ['1200 sent', 1200, 400, 5000, '1200 of 5000 sent, 400/s, 10 s left'],
    ['1 moved, 2 expired', 1, 0, 9, '1 of 9 moved, 2 expired, 0/s'],
    ['10 sent', 10, 1, 1010, '10 of 1010 sent, 1/s, 17 min left'],
    ['10 sent', 10, 1, 36_010, '10 of 36010 sent, 1/s, 10.0 h left'],
    ['9 sent', 9, 9, 9, '9 of 9 sent, 9/s'],
  ])('%s', (done, count, rate, total, text) => {
    expect(progressText(done, count, rate, total)).toBe(text)
  })
})

describe('on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it.each([
    [
      true,
      ['\r\x1b[K500 of 2000 sent, 500/s, 3 s left', '\r\x1b[K900 of 2000 sent, 400/s, 3 s left', '\r\x1b[K'],
    ],
    [false, []],
  ])('%s: a line each second, and none at the end', async (isTTY, lines) => {
    const written: string[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString())
        done()
      },
    })
    let count = 0
    const progress = new Progress(new Output(Object.assign(stream, { isTTY })), {
      count: () => count,
      describe: (sent) => `${sent} sent`,
      total: 2000,
    })
    count = 500
    await vi.advanceTimersByTimeAsync(1000)
    count = 900
    await vi.advanceTimersByTimeAsync(1500)
    await progress.end()
    await vi.advanceTimersByTimeAsync(5000)
    expect(written).toEqual(lines)
  })
})
