import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { type FileUse, StoreRoom } from '../../../../src/broker/store/store-room.ts'

const PETABYTE = 2 ** 50

function use(freePages: number): FileUse {
  return { pageSize: 4096, pages: 100, free: () => freePages }
}

describe('room on the disk', () => {
  const room = new StoreRoom(tmpdir())

  test('is there for what fits, without a look at free pages', () => {
    const plenty: FileUse = {
      pageSize: 4096,
      pages: 100,
      free: () => {
        throw new Error('asked for nothing')
      },
    }
    expect(room.fits({ lengths: [200, 10_000], changes: 2, grows: true }, plenty)).toBe(true)
    expect(room.fitsNew).toBe(true)
  })

  test('is not there for more than the disk has, however many pages of the file are free', () => {
    const demand = { lengths: [PETABYTE], changes: 1, grows: true }
    expect(room.fits(demand, use(0))).toBe(false)
    expect(room.fits(demand, use(PETABYTE))).toBe(false)
  })

  test('is there for removals where free pages are enough for them', () => {
    const demand = { lengths: [], changes: PETABYTE, grows: false }
    expect(room.fits(demand, use(0))).toBe(false)
    expect(room.fits(demand, use(PETABYTE))).toBe(true)
  })
})
