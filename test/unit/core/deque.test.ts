import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deque } from '../../../src/core/deque.ts'

describe('deque', () => {
  it('behaves like an array used from both ends', () => {
    const command = fc.oneof(
      fc.record({ op: fc.constant('push' as const), value: fc.nat() }),
      fc.record({ op: fc.constant('unshift' as const), value: fc.nat() }),
      fc.record({ op: fc.constant('shift' as const), value: fc.constant(0) }),
      fc.record({ op: fc.constant('delete' as const), value: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const deque = new Deque<number>()
        const model: number[] = []
        for (const { op, value } of commands) {
          if (op === 'push') {
            deque.push(value)
            model.push(value)
          } else if (op === 'unshift') {
            deque.unshift(value)
            model.unshift(value)
          } else if (op === 'shift') {
            expect(deque.shift()).toBe(model.shift())
          } else {
            const at = model.indexOf(value)
            if (at >= 0) model.splice(at, 1)
            expect(deque.delete(value)).toBe(at >= 0)
          }
          expect(deque.length).toBe(model.length)
        }
        expect(deque.drain()).toEqual(model)
      }),
    )
  })
})
