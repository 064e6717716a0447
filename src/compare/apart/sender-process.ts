/** The sending side in a process of its own: does what it is told, ends with the process that started it. */
import type { ArmRun } from '../arm.ts'
import { armsFor } from '../arms/index.ts'
import { Generator } from '../load/generator.ts'
import { describe } from '../problem.ts'
import type { FromSender, ToSender } from './messages.ts'

let run: ArmRun | undefined
let generator: Generator | undefined
const stop = new AbortController()

process.on('message', (message: ToSender) => {
  if (message.kind === 'stop') stop.abort()
  else void act(message).then(tell, (error) => tell({ kind: 'failed', message: describe(error) }))
})
process.once('disconnect', () => process.exit())
// Ctrl-C reaches the whole group of processes: the measuring one says what happens then.
process.on('SIGINT', () => {})

async function act(message: Exclude<ToSender, { kind: 'stop' }>): Promise<FromSender> {
  switch (message.kind) {
    case 'open': {
      const arm = (await armsFor(message.url)).find(({ library }) => library === message.library)
      if (!arm) throw new Error(`There is no arm ${message.library}`)
      run = await arm.open(message.plan, {
        arrived: () => {},
        failed: (error) => tell({ kind: 'broken', message: describe(error) }),
        noted: (what) => tell({ kind: 'noted', what }),
      })
      generator = await Generator.create(message.plan.workload, run)
      return { kind: 'opened', settings: run.settings }
    }
    case 'warm-up':
      await generator!.warmUp(stop.signal)
      return { kind: 'warmed-up' }
    case 'run':
      return { kind: 'report', report: await generator!.run(stop.signal) }
    case 'close':
      await run?.close()
      return { kind: 'closed' }
  }
}

function tell(message: FromSender): void {
  if (process.connected) process.send!(message)
}
