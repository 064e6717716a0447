import { describe, expect, it } from 'vitest'
import { type ClaimAnswer, Line } from '../../../../src/adapters/redis/receive/line.ts'

/** A line that notes what it passes on. */
function noting(): { line: Line<ClaimAnswer>; events: string[] } {
  const events: string[] = []
  const line = new Line<ClaimAnswer>({
    answered: ({ claim }) => events.push(`answer ${claim}`),
    handed: (record) => events.push(record.toString()),
    left: (called) => events.push(called ? 'called' : 'used up'),
  })
  return { line, events }
}

/** Every way in which two rows can mix while each keeps its order. */
function* mixtures<T>(one: readonly T[], other: readonly T[]): Iterable<T[]> {
  if (one.length === 0 || other.length === 0) {
    yield [...one, ...other]
    return
  }
  for (const rest of mixtures(one.slice(1), other)) yield [one[0]!, ...rest]
  for (const rest of mixtures(one, other.slice(1))) yield [other[0]!, ...rest]
}

describe('what comes on two connections', () => {
  it('is passed on in the order of the server, whichever overtakes which', () => {
    type Step = (line: Line<ClaimAnswer>) => void
    const answers: Step[] = [
      (line) => line.answer({ claim: 1, handedBefore: 0, room: 3 }),
      (line) => line.answer({ claim: 2, handedBefore: 2, room: 2 }),
      (line) => line.answer({ claim: 3, handedBefore: 1, room: 0 }),
    ]
    const words: Step[] = [
      (line) => line.word(1, Buffer.from('a')),
      (line) => line.word(1, Buffer.from('b')),
      (line) => line.word(1, undefined),
      (line) => line.word(2, Buffer.from('c')),
    ]
    let count = 0
    for (const steps of mixtures(answers, words)) {
      const { line, events } = noting()
      for (let claims = 0; claims < 3; claims++) line.claim()
      for (const step of steps) step(line)
      expect(events).toEqual(['answer 1', 'a', 'b', 'answer 2', 'c', 'answer 3'])
      expect(line.standing).toBe(false)
      count++
    }
    expect(count).toBe(35)
  })
})

it('stands at the place of the claim that the server did last, also when that is an earlier one', async () => {
  const { line, events } = noting()
  line.claim()
  line.claim()
  const settled = line.passedOn()
  line.answer({ claim: 2, handedBefore: 0, room: 2 })
  expect([line.standing, line.settled]).toEqual([false, false])
  line.word(2, Buffer.from('a'))
  line.answer({ claim: 1, handedBefore: 1, room: 2 })
  await settled
  expect([line.standing, line.settled, line.place]).toEqual([true, true, 1])
  line.word(1, Buffer.from('b'))
  expect(events).toEqual(['answer 2', 'a', 'answer 1', 'b'])
})

describe('a call', () => {
  it('that overtakes the answer that tells of the place is heard behind it', () => {
    const { line, events } = noting()
    const claim = line.claim()
    line.word(claim, undefined)
    expect(events).toEqual([])
    line.answer({ claim, handedBefore: 0, room: 1 })
    expect(events).toEqual(['answer 1', 'called'])
    expect(line.standing).toBe(false)
  })

  it('from a place that was left for another is no news', () => {
    const { line, events } = noting()
    line.answer({ claim: line.claim(), handedBefore: 0, room: 1 })
    line.answer({ claim: line.claim(), handedBefore: 0, room: 1 })
    line.word(1, undefined)
    expect(events).toEqual(['answer 1', 'answer 2'])
    expect(line.standing).toBe(true)
  })
})

it('tells when the room of a place is used up', () => {
  const { line, events } = noting()
  line.answer({ claim: line.claim(), handedBefore: 0, room: 2 })
  line.word(1, Buffer.from('a'))
  expect([line.standing, line.room, line.handed]).toEqual([true, 1, 1])
  line.word(1, Buffer.from('b'))
  expect(events).toEqual(['answer 1', 'a', 'b', 'used up'])
  expect(line.standing).toBe(false)
})
