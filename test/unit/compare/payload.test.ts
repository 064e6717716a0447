import { describe, expect, it } from 'vitest'
import { isWarmUp, PayloadMaker, readPayload } from '../../../src/compare/load/payload.ts'

describe('the body of a measured message', () => {
  const maker = new PayloadMaker(200)

  it('tells sender, sequence and time', () => {
    const stamp = { sender: 7, sequence: 4_000_000_000, intendedAt: 123_456.789 }
    expect(readPayload(maker.make(stamp.sender, stamp.sequence, stamp.intendedAt))).toEqual(stamp)
  })

  it('is the caller’s own: the next one does not change it', () => {
    const first = maker.make(1, 1, 1)
    maker.make(2, 2, 2)
    expect(readPayload(first)).toEqual({ sender: 1, sequence: 1, intendedAt: 1 })
  })

  it('tells warm-up from what is measured', () => {
    expect(isWarmUp(readPayload(maker.warmUp(5))!)).toBe(true)
    expect(isWarmUp(readPayload(maker.make(0, 5, 0))!)).toBe(false)
  })

  it('is found damaged by any single flipped bit', () => {
    const body = maker.make(3, 99, 1.5)
    for (let bit = 0; bit < body.length * 8; bit++) {
      const flipped = Buffer.from(body)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(readPayload(flipped)).toBeUndefined()
    }
  })

  it('is found damaged when it was cut, lengthened, emptied or another size altogether', () => {
    const body = maker.make(3, 99, 1.5)
    for (const length of [0, 19, 20, 199]) expect(readPayload(body.subarray(0, length))).toBeUndefined()
    expect(readPayload(Buffer.concat([body, Buffer.alloc(1)]))).toBeUndefined()
    expect(readPayload(Buffer.alloc(200))).toBeUndefined()
  })

  it('is read from plain bytes in the middle of others', () => {
    const bytes = new Uint8Array(300)
    bytes.set(maker.make(1, 2, 3), 50)
    expect(readPayload(bytes.subarray(50, 250))).toEqual({ sender: 1, sequence: 2, intendedAt: 3 })
  })
})
