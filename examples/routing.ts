/**
 * Routing: a subscription takes the subjects it names.
 *
 *     npx tsx examples/routing.ts [URL]
 */
import { connect, topic } from '../src/index.ts'

const logs = topic<string>('example-direct-logs')

await using connection = await connect(process.argv[2] ?? 'memory:')
await using screen = await connection.receiver(logs.matching('info', 'warning', 'error'))
await using disk = await connection.receiver(logs.matching('error'))

await connection.send(logs, 'Run. Run. Or it will explode.', { subject: 'error' })
await connection.send(logs, 'Getting warm', { subject: 'warning' })
await connection.send(logs, 'Not for any of them', { subject: 'debug' })
await connection.send(logs, 'Cooled down', { subject: 'info' })

for (const [name, receiver, count] of [
  ['screen', screen, 3],
  ['disk', disk, 1],
] as const) {
  for (let seen = 0; seen < count; seen++) {
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    console.log(`${name.padEnd(6)}  [${delivery?.subject}] ${delivery?.body}`)
    await delivery?.accept()
  }
}

await screen.close()
await disk.close()
await connection.admin.delete(logs)
