/**
 * Topics: a subscription takes the subjects that fit its patterns. Words are separated by dots, `*` is exactly one word, `#` any
 * number of them. A message that fits several patterns of one subscription comes once.
 *
 *     npx tsx examples/topics.ts [URL]
 */
import { connect, topic } from '../src/index.ts'

const animals = topic<string>('example-animals') // <speed>.<colour>.<species>

await using connection = await connect(process.argv[2] ?? 'memory:')
await using orange = await connection.receiver(animals.matching('*.orange.*'))
await using rabbitsAndLazyOnes = await connection.receiver(animals.matching('*.*.rabbit', 'lazy.#'))

const subjects = [
  'quick.orange.rabbit',
  'lazy.orange.elephant',
  'quick.orange.fox',
  'lazy.brown.fox',
  'lazy.pink.rabbit',
  'quick.brown.fox',
  'orange',
  'lazy.orange.new.rabbit',
]
for (const subject of subjects) await connection.send(animals, subject, { subject })

for (const [name, receiver, count] of [
  ['*.orange.*', orange, 3],
  ['*.*.rabbit lazy.#', rabbitsAndLazyOnes, 5],
] as const) {
  for (let seen = 0; seen < count; seen++) {
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    console.log(`${name.padEnd(17)}  ${delivery?.body}`)
    await delivery?.accept()
  }
}

await orange.close()
await rabbitsAndLazyOnes.close()
await connection.admin.delete(animals)
