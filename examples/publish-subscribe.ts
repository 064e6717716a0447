/**
 * Publish/subscribe: everybody who listens now gets every message.
 *
 *     npx tsx examples/publish-subscribe.ts [URL]
 */
import { broadcast, connect } from '../src/index.ts'

const logs = broadcast<string>('example-logs')

await using connection = await connect(process.argv[2] ?? 'memory:')

// Nobody listens yet: the message is gone, and that is no error.
await connection.send(logs, 'info: nobody hears this')

await using screen = await connection.receiver(logs)
await using file = await connection.receiver(logs)
await connection.send(logs, 'info: Hello World!')
await connection.send(logs, 'error: out of coffee')

for (const [name, receiver] of Object.entries({ screen, file })) {
  for (let count = 0; count < 2; count++) {
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    console.log(`${name.padEnd(6)}  ${delivery?.body}`)
    await delivery?.accept()
  }
}

await screen.close()
await file.close()
await connection.admin.delete(logs)
