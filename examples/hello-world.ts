/**
 * Hello world: one message through a queue.
 *
 *     npx tsx examples/hello-world.ts [URL]
 */
import { connect, queue } from '../src/index.ts'

const hello = queue<string>('example-hello')

await using connection = await connect(process.argv[2] ?? 'memory:')

await connection.send(hello, 'Hello World!')
console.log('sent      Hello World!')

await using receiver = await connection.receiver(hello)
const delivery = await receiver.receive({ timeoutMs: 5_000 })
console.log(`received  ${delivery?.body}`)
await delivery?.accept()

await receiver.close()
await connection.admin.delete(hello)
