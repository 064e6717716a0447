/**
 * The news service known from Apache Qpid: one topic, subjects such as `usa.weather`, receivers that choose by pattern. The
 * addresses are Qpid's address strings, which every call takes in place of an address value.
 *
 *     npx tsx examples/news-service.ts [URL]
 */
import { connect } from '../src/index.ts'

const news = 'example-news; {create: always, node: {type: topic}}'

await using connection = await connect(process.argv[2] ?? 'memory:')
await using everything = await connection.receiver(news)
await using weather = await connection.receiver('example-news/#.weather; {node: {type: topic}}')
await using usa = await connection.receiver('example-news/usa.#; {node: {type: topic}}')

// The subject of a message, or else the one of the address.
await using sender = await connection.sender<string>(news)
for (const subject of ['usa.news', 'usa.sports', 'usa.weather', 'europe.news', 'europe.weather']) {
  await sender.send(`Read all about ${subject}`, { subject })
}
await using sports = await connection.sender<string>('example-news/europe.sports; {node: {type: topic}}')
await sports.send('Read all about europe.sports')

for (const [pattern, receiver, count] of [
  ['(all)', everything, 6],
  ['#.weather', weather, 2],
  ['usa.#', usa, 3],
] as const) {
  for (let seen = 0; seen < count; seen++) {
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    console.log(`${pattern.padEnd(9)}  ${delivery?.subject?.padEnd(14)}  ${delivery?.body}`)
    await delivery?.accept()
  }
}

for (const link of [everything, weather, usa, sender, sports]) await link.close()
await connection.admin.delete('example-news; {node: {type: topic}}')
