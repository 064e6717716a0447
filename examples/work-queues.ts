/**
 * Work queues: tasks shared out among workers. A worker takes one task at a time and accepts it when it is done, so that
 * what a worker that died had in hand goes to another one.
 *
 *     npx tsx examples/work-queues.ts [URL]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, queue } from '../src/index.ts'

const tasks = queue<string>('example-tasks')
// Each dot is a piece of work.
const work = [
  'First message.',
  'Second message..',
  'Third message...',
  'Fourth message....',
  'Fifth message.....',
]

await using connection = await connect(process.argv[2] ?? 'memory:')

for (const task of work) await connection.send(tasks, task)
console.log(`sent     ${work.length} tasks`)

const done: string[] = []
let finished: () => void
const allDone = new Promise<void>((resolve) => {
  finished = resolve
})

async function worker(): Promise<AsyncDisposable> {
  return connection.consume(
    tasks,
    async ({ body }) => {
      await sleep(10 * (body.length - body.replaceAll('.', '').length))
      done.push(body)
      if (done.length === work.length) finished()
    },
    { credit: 1 },
  )
}

{
  await using _first = await worker()
  await using _second = await worker()
  await allDone
}
for (const task of done.sort()) console.log(`done     ${task}`)
console.log(`waiting  ${(await connection.admin.inspect(tasks))?.depth ?? 0}`)

await connection.admin.delete(tasks)
