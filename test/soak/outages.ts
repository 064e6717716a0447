/**
 * A broker that is frozen, and one that is away: how long `close({ timeoutMs: 500 })` takes with 200 links while the broker's process is
 * stopped, and how soon the first send succeeds when its port answers again after 1, 10 and 60 s.
 *
 *     npm run soak:outages -- [redis|rabbitmq|qpid|zmq]...      (default: all, with brokers of its own)
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type QueueAddress, queue } from '../../src/index.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'
import { openPlace, type Place } from './random/place.ts'

// What programs run has no source maps: with them an error takes milliseconds to make, and a close makes hundreds.
process.setSourceMapsEnabled(false)

const LINKS = 200
const CLOSE_MS = 500
const CLOSED_MS = 750
const OUTAGES_MS = [1_000, 10_000, 60_000]
const BACK_MS = 500

const names = process.argv.length > 2 ? process.argv.slice(2) : ['zmq', 'redis', 'rabbitmq', 'qpid']
for (const name of names) {
  await using place = await openPlace(name)
  const orders = queue<string>(uniqueName('outages'))
  await frozen(name, place, orders)
  await away(name, place, orders)
}

async function frozen(name: string, place: Place, orders: QueueAddress<string>): Promise<void> {
  const connection = await connect({ url: place.url, native: place.native })
  for (let at = 0; at < LINKS / 2; at++) {
    await connection.receiver(orders, { credit: 1 })
    await connection.sender(orders)
  }
  const unsettled = connection.send(orders, 'before').catch(() => undefined)
  await unsettled
  await place.freeze!()
  const sends = Promise.allSettled(Array.from({ length: 10 }, () => connection.send(orders, 'frozen')))
  const began = performance.now()
  await connection.close({ timeoutMs: CLOSE_MS })
  tell(`${name}: ${LINKS} links, frozen: closed`, performance.now() - began, CLOSED_MS)
  await sends
  tell(`${name}: sends that were under way ended`, performance.now() - began, CLOSED_MS)
  await place.thaw!()
}

async function away(name: string, place: Place, orders: QueueAddress<string>): Promise<void> {
  const url = place.url as string
  await using proxy = await FaultProxy.before(url)
  await using connection = await connect({ url: proxy.urlFor(url), native: place.native })
  await connection.send(orders, 'before')
  const connected: number[] = []
  connection.on('reconnected', () => connected.push(performance.now()))
  for (const awayMs of OUTAGES_MS) {
    await proxy.refuse()
    proxy.cut()
    await sleep(awayMs)
    connected.length = 0
    const began = performance.now()
    await proxy.allow()
    await connection.send(orders, 'after', { timeoutMs: 60_000 })
    const back = Math.round((connected[0] ?? Number.NaN) - began)
    tell(
      `${name}: away for ${awayMs} ms: first send (connected after ${back} ms)`,
      performance.now() - began,
      BACK_MS,
    )
  }
  await connection.admin.delete(orders)
}

function tell(what: string, ms: number, limitMs: number): void {
  const late = ms > limitMs
  console.log(`${what} after ${Math.round(ms)} ms${late ? `: LATER than ${limitMs} ms` : ''}`)
  if (late) process.exitCode = 1
}
