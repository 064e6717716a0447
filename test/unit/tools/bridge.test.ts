/** When a bridge counts its source as empty. */
import { expect, it } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { Bridge } from '../../../src/tools/bridge/bridge.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'

it('a look that saw nothing because all the credit was under way ends nothing, when that is done by the time it returns', async () => {
  await using left = await connect('memory:')
  await using right = await connect('memory:')
  const [from, to] = [queue<number>(uniqueName('from')), queue<number>(uniqueName('to'))]
  for (const number of [1, 2]) await left.send(from, number)
  await using receiver = await left.receiver(from)
  await using sender = await right.sender(to)
  let looks = 0
  const source = {
    async next() {
      if (++looks !== 2) return receiver.receive({ timeoutMs: 0 })
      await eventually(() => bridge.counts.moved === 1)
      return undefined
    },
  }
  const bridge = new Bridge(source, sender, right, {
    onLoop: 'stop',
    rejectRefused: false,
    makeDurable: false,
    limit: Infinity,
    idleMs: 0,
    from: 'left',
    to: 'right',
  })
  await bridge.run(new AbortController().signal)
  expect(bridge.counts.moved).toBe(2)
})
