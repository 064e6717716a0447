/** The same work with zeromq.js alone: no confirmation, no verdict. */
import { Dealer, Publisher, Pull, Push, Router, Subscriber } from 'zeromq'
import { type Role, tell } from './child.ts'
import { percentiles } from './sluice-roles.ts'

const LISTEN = 'tcp://127.0.0.1:*'
const WARM = 5_000
export const pull: Role = async ({ count }) => {
  const socket = new Pull({ linger: 0 })
  await socket.bind(LISTEN)
  tell(socket.lastEndpoint as string)
  return async () => {
    for (let at = 0; at < count; at++) await socket.receive()
  }
}

export const push: Role = async ({ url, count, size }) => {
  const socket = new Push({ linger: 0 })
  socket.connect(url)
  const body = Buffer.alloc(size, 'x')
  return async () => {
    for (let at = 0; at < count; at++) await socket.send(body)
  }
}

/** No high-water mark: a benchmark that loses messages measures something else. */
export const publisher: Role = async ({ count, size }) => {
  const socket = new Publisher({ sendHighWaterMark: 0, linger: 0 })
  await socket.bind(LISTEN)
  tell(socket.lastEndpoint as string)
  const body = Buffer.alloc(size, 'x')
  return async () => {
    for (let at = 0; at < count; at++) await socket.send(['us.weather', body])
  }
}

export const subscriber: Role = async ({ url, count }) => {
  const socket = new Subscriber({ receiveHighWaterMark: 0, linger: 0 })
  socket.connect(url)
  socket.subscribe('us.')
  const live = new Promise((resolve) => socket.events.on('handshake', resolve))
  await live
  // The subscription travels after the handshake; a bare subscriber has no word for its arrival.
  await new Promise((resolve) => setTimeout(resolve, 200))
  return async () => {
    for (let at = 0; at < count; at++) await socket.receive()
  }
}

export const router: Role = async () => {
  const socket = new Router({ linger: 0 })
  await socket.bind(LISTEN)
  tell(socket.lastEndpoint as string)
  void (async () => {
    for await (const [identity, body] of socket) await socket.send([identity!, body!])
  })()
  return async () => {}
}

export const dealer: Role = async ({ url, count, size }) => {
  const socket = new Dealer({ linger: 0 })
  socket.connect(url)
  const body = Buffer.alloc(size, 'x')
  const roundTrip = async (): Promise<void> => {
    await socket.send(body)
    await socket.receive()
  }
  for (let at = 0; at < WARM; at++) await roundTrip()
  return async () => {
    const times = new Float64Array(count)
    for (let at = 0; at < count; at++) {
      const start = performance.now()
      await roundTrip()
      times[at] = performance.now() - start
    }
    return percentiles(times)
  }
}
