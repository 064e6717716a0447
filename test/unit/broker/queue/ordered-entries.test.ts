import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OrderedEntries, type Packing } from '../../../../src/broker/queue/waiting/ordered-entries.ts'

type Step =
  | { kind: 'append' }
  | { kind: 'shift' }
  | { kind: 'insert'; seq: number }
  | { kind: 'remove'; seq: number }
  | { kind: 'after'; seq: number }
  | { kind: 'many'; count: number }

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>({ kind: 'append' }) },
    { weight: 3, arbitrary: fc.constant<Step>({ kind: 'shift' }) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          fc.constantFrom('insert' as const, 'remove' as const, 'after' as const),
          fc.integer({ min: 1, max: 6_000 }),
        )
        .map(([kind, seq]): Step => ({ kind, seq })),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('many' as const), count: fc.integer({ min: 1, max: 1_500 }) }),
    },
  ),
  { maxLength: 200 },
)

/** Keeps the numbers alone, and counts how often it does. */
class Numbers implements Packing<{ seq: number }> {
  packed = 0

  pack(entries: readonly { seq: number }[]): ReturnType<Packing<{ seq: number }>['pack']> {
    this.packed++
    const seqs = entries.map(({ seq }) => seq)
    const peek = (index: number): { seq: number } => ({ seq: seqs[index]! })
    return {
      length: seqs.length,
      seqAt: (index) => seqs[index]!,
      peek,
      unpack: () => seqs.map((seq) => ({ seq })),
      drop: () => {},
    }
  }
}

test('a long list is packed between its ends, and looking at it packs nothing out', () => {
  const packing = new Numbers()
  const list = new OrderedEntries<{ seq: number }>(packing)
  for (let seq = 1; seq <= 100_000; seq++) list.insert({ seq })
  expect(packing.packed).toBeGreaterThan(190)
  for (let seq = 0; seq < 100_000; seq++) expect(list.after(seq)?.seq).toBe(seq + 1)
  expect(list.after(100_000)).toBeUndefined()
  expect(list.remove(50_000)?.seq).toBe(50_000)
  expect(list.after(49_999)?.seq).toBe(50_001)
})

test('a long list that is cleared is empty, and gives out what was not packed', () => {
  let dropped = 0
  const numbers = new Numbers()
  const list = new OrderedEntries<{ seq: number }>({
    pack: (entries) => {
      const packed = numbers.pack(entries)!
      return { ...packed, peek: packed.peek, drop: () => dropped++ }
    },
  })
  for (let seq = 1; seq <= 10_000; seq++) list.insert({ seq })
  list.shift()
  const open = list.clear().map(({ seq }) => seq)
  expect(open[0]).toBe(2)
  expect(open.at(-1)).toBe(10_000)
  expect(open.length).toBeLessThan(1_100)
  expect(dropped).toBe(numbers.packed)
  expect(list.length).toBe(0)
  expect(list.shift()).toBeUndefined()
  list.insert({ seq: 1 })
  expect(list.first()?.seq).toBe(1)
})

test.each([
  ['as objects', undefined],
  ['packed', new Numbers()],
])('it agrees with a sorted array, whatever is put in and taken out: %s', (_, packing) => {
  fc.assert(
    fc.property(steps, (all) => {
      const list = new OrderedEntries<{ seq: number }>(packing)
      let model: number[] = []
      let next = 0
      const insert = (seq: number): void => {
        list.insert({ seq })
        model.push(seq)
        model.sort((a, b) => a - b)
      }
      for (const step of all) {
        if (step.kind === 'append') insert(Math.max(0, model.at(-1) ?? 0) + 1)
        else if (step.kind === 'many') {
          next = Math.max(next, model.at(-1) ?? 0)
          for (let at = 0; at < step.count; at++) {
            list.insert({ seq: ++next })
            model.push(next)
          }
        } else if (step.kind === 'shift') expect(list.shift()?.seq).toBe(model.shift())
        else if (step.kind === 'insert') {
          if (!model.includes(step.seq)) insert(step.seq)
        } else if (step.kind === 'remove') {
          expect(list.remove(step.seq)?.seq).toBe(model.find((seq) => seq === step.seq))
          model = model.filter((seq) => seq !== step.seq)
        } else expect(list.after(step.seq)?.seq).toBe(model.find((seq) => seq > step.seq))
        expect(list.length).toBe(model.length)
        expect(list.first()?.seq).toBe(model[0])
      }
      const rest: number[] = []
      for (let entry = list.shift(); entry; entry = list.shift()) rest.push(entry.seq)
      expect(rest).toEqual(model)
    }),
    { numRuns: 150 },
  )
})

test('a hundred thousand entries come out in order, with every tenth put back in between', () => {
  const list = new OrderedEntries<{ seq: number }>()
  for (let seq = 1; seq <= 100_000; seq++) list.insert({ seq })
  const out: number[] = []
  for (let taken = list.shift(), count = 0; taken; taken = list.shift(), count++) {
    if (count % 10 === 0) {
      list.insert(taken)
      expect(list.shift()).toBe(taken)
    }
    out.push(taken.seq)
  }
  expect(out).toEqual(Array.from({ length: 100_000 }, (_, at) => at + 1))
})
