/** Hubs that start, end and start again: at a place that is taken, was taken, or is used at the same moment. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as openTcp } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, createHub, type Hub, queue } from '../../../../src/index.ts'
import { Child } from '../../../support/child.ts'
import { eventually } from '../../../support/eventually.ts'
import { addressOf } from '../bare-peer.ts'

const jobs = queue<number>('life', { durable: false })
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-life-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const ipv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const places = [
  { name: 'a port', place: () => 'tcp://127.0.0.1:*', there: true },
  { name: 'a port of IPv6, where the machine has it', place: () => 'tcp://[::1]:*', there: ipv6 },
  { name: 'a socket file', place: () => `ipc://${folder}/hub.sock`, there: true },
]

for (const { name, place, there } of places)
  describe.skipIf(!there)(`a hub at ${name}`, () => {
    it('can have the place again as soon as it is closed, and its clients come back', async () => {
      let hub: Hub = await createHub({ listen: [place()] })
      await using connection = await connect(hub.urls[0]!)
      try {
        for (let round = 0; round < 20; round++) {
          await hub.close()
          hub = await createHub({ listen: [addressOf(hub.urls[0]!)] })
        }
        await connection.send(jobs, 1)
        await using receiver = await connection.receiver(jobs)
        expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(1)
      } finally {
        await hub.close()
      }
    })

    it('keeps its place: another one that wants it is CONNECT_FAILED', async () => {
      await using hub = await createHub({ listen: [place()] })
      const address = addressOf(hub.urls[0]!)
      await expect(createHub({ listen: [address] })).rejects.toMatchObject({
        code: 'CONNECT_FAILED',
        context: { address },
      })
      await using connection = await connect(hub.urls[0]!)
      await connection.send(jobs, 2)
      expect(hub.sessions).toBe(1)
    })
  })

it('a hub that cannot have one of its places keeps none of the others', async () => {
  await using one = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  const other = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  const [taken, free] = [one, other].map((hub) => addressOf(hub.urls[0]!)) as [string, string]
  await other.close()
  await expect(createHub({ listen: [free, taken] })).rejects.toMatchObject({ code: 'CONNECT_FAILED' })
  await using _again = await createHub({ listen: [free] })
})

it('a port that there is not is CONFIG_INVALID', async () => {
  await expect(createHub({ listen: ['tcp://127.0.0.1:99999'] })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('99999'),
  })
})

it('a socket file that a killed hub left is no hindrance', async () => {
  const address = `ipc://${folder}/killed.sock`
  await using killed = Child.run(`
    import { createHub } from 'src/index.ts'
    await createHub({ listen: ['${address}'] })
    console.log('listens')
  `)
  await killed.line()
  await killed.kill()
  await using hub = await createHub({ listen: [address] })
  await using _connection = await connect(hub.urls[0]!)
  expect(hub.sessions).toBe(1)
})

it('a file that is no socket stays what it is', async () => {
  for (const name of ['data', 'peer.2']) await writeFile(join(folder, name), 'of somebody')
  const taken = { code: 'CONNECT_FAILED', message: expect.stringContaining('no socket') }
  await expect(createHub({ listen: [`ipc://${folder}/data`] })).rejects.toMatchObject(taken)
  // Peers have four sockets.
  await expect(connect(`zmq+ipc://${folder}/peer?mode=peer&role=bind`)).rejects.toMatchObject(taken)
  for (const name of ['data', 'peer.2'])
    expect(await readFile(join(folder, name), 'utf8')).toBe('of somebody')
})

it('its URL leads to a socket file of any name, from any directory', async () => {
  for (const path of [
    `${folder}/with space & ünïcode #1?.sock`,
    relative(process.cwd(), `${folder}/near.sock`),
  ]) {
    await using hub = await createHub({ listen: [`ipc://${path}`] })
    expect(hub.urls[0]).toContain(`zmq+ipc://${folder}/`)
    await using _connection = await connect(hub.urls[0]!)
    expect(hub.sessions).toBe(1)
  }
  for (const listen of ['ipc://*', 'ipc://@abstract', 'ipc://'])
    await expect(createHub({ listen: [listen] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

it('a host that there is not is told as such', async () => {
  for (const url of ['zmq://no-such-host.invalid:5600', 'zmq://no-such-host.invalid:5600?mode=peer'])
    await expect(connect(url)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('the host name is unknown'),
    })
})

it.runIf(process.platform === 'linux')(
  'a hub that has too many connections serves the clients that it has',
  async () => {
    const program = `
      import { createHub } from 'src/index.ts'
      const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
      process.on('warning', ({ message }) => console.log(message))
      console.log(hub.urls[0])
    `
    await using child = Child.run(program, {}, ['bash', '-c', 'ulimit -n 96; exec "$0" "$@"'])
    const url = await child.line()
    await using connection = await connect({ url, heartbeatMs: 10_000 })
    await connection.send(jobs, 0)
    const port = Number(/:(\d+)$/.exec(url)?.[1])
    const idle = Array.from({ length: 150 }, () => openTcp(port, '127.0.0.1').on('error', () => {}))
    try {
      expect(await child.line()).toContain('could not take a connection')
      for (let at = 1; at <= 3; at++) await connection.send(jobs, at, { timeoutMs: 9_000 })
    } finally {
      for (const socket of idle) socket.destroy()
    }
  },
  60_000,
)

it.runIf(process.platform === 'linux')(
  'a process that has too many files open is told, lives, and connects when some are closed',
  async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    const program = `
      import { closeSync, openSync } from 'node:fs'
      import { connect } from 'src/index.ts'
      const url = '${hub.urls[0]}'
      const told = () => connect(url).then((one) => one.close().then(() => 'connected'), ({ code, message, hint }) => [code, message, hint].join(' '))
      // What is loaded on first use is loaded.
      await told()
      const open = []
      const fill = () => {
        try {
          for (;;) open.push(openSync('/dev/null', 'r'))
        } catch {}
      }
      for (let left = 0; left < 24; left++) {
        // Sockets that were closed give their places back a little later.
        for (let before = -1; before < open.length; ) {
          before = open.length
          fill()
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        for (let freed = 0; freed < left; freed++) closeSync(open.pop())
        console.log(await told())
      }
      process.exit()
    `
    await using child = Child.run(program, {}, ['bash', '-c', 'ulimit -n 200; exec "$0" "$@"'])
    const lines: string[] = []
    for (let left = 0; left < 24; left++) lines.push(await child.line())
    expect(lines).toContainEqual(expect.stringMatching(/^CONNECT_FAILED This process cannot open .*ulimit/))
    expect(lines.at(-1)).toBe('connected')
    expect(lines.filter((line) => !/^(CONNECT_FAILED|connected)/.test(line))).toEqual([])
  },
  60_000,
)

it('a store has one hub: another process gets CONNECT_FAILED naming the owner', async () => {
  await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data: join(folder, 'one') })
  await using other = Child.run(`
    import { createHub } from 'src/index.ts'
    await createHub({ listen: ['tcp://127.0.0.1:*'], data: '${folder}/one' }).catch((error) => console.log(JSON.stringify(error)))
  `)
  const error = JSON.parse(await other.line())
  expect(error).toMatchObject({ code: 'CONNECT_FAILED' })
  expect(JSON.stringify(error)).toContain(String(process.pid))
  expect(await other.ended).toMatchObject({ code: 0, stderr: '' })
  expect(hub.sessions).toBe(0)
})

it('closing while sends wait: each of them ends, those that were confirmed are there afterwards', async () => {
  const data = join(folder, 'closing')
  const kept = queue<number>('kept')
  let hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
  await using connection = await connect(hub.urls[0]!)
  await using sender = await connection.sender(kept, { capacity: 50 })
  const confirmed = new Set<number>()
  let ended = 0
  const sends = Array.from({ length: 2_000 }, (_, number) =>
    sender.send(number, { timeoutMs: 20_000 }).then(() => {
      ended++
      confirmed.add(number)
    }),
  )
  await eventually(() => ended > 100)
  await hub.close()
  const before = ended
  hub = await createHub({ listen: [addressOf(hub.urls[0]!)], data })
  try {
    await Promise.all(sends)
    expect(before).toBeLessThan(2_000)
    await using receiver = await connection.receiver(kept)
    const received: number[] = []
    while (received.length < 2_000) {
      const delivery = await receiver.receive({ timeoutMs: 2_000 })
      if (!delivery) break
      received.push(delivery.body)
      await delivery.accept()
    }
    expect(received).toEqual(Array.from({ length: 2_000 }, (_, at) => at))
  } finally {
    await hub.close()
  }
})

it('ten thousand addresses: made, used and told of within seconds, and one more link does not depend on them', async () => {
  await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  await using connection = await connect(hub.urls[0]!)
  const address = (at: number) => queue<number>(`many-${at}`, { durable: false })
  const all = Array.from({ length: 10_000 }, (_, at) => at)
  for (let at = 0; at < all.length; at += 500)
    await Promise.all(all.slice(at, at + 500).map((each) => connection.send(address(each), each)))
  expect(await connection.admin.list()).toHaveLength(10_000)
  await using receiver = await connection.receiver(address(9_999))
  expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe(9_999)
}, 60_000)

it('an embedded hub that is there is not taken for one with another store', async () => {
  const address = `inproc://${folder.slice(-6)}-stores`
  const url = `zmq+${address}?hub=embedded`
  const data = (name: string): string => join(folder, name)
  await using first = await connect({ url, native: { data: data('first') } })
  for (const native of [{ data: data('second') }, {}])
    await expect(connect({ url, native })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(data('first')),
    })
  await using again = await connect({ url, native: { data: relative(process.cwd(), data('first')) } })
  const kept = queue<string>('kept')
  await again.send(kept, 'x')
  expect(await first.admin.inspect(kept)).toMatchObject({ depth: 1 })
})

it('an argument that JSON has no word for is refused in words, as any that a hub does not know', async () => {
  await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  await using connection = await connect(hub.urls[0]!)
  const odd = queue<string>('odd', { native: { count: 12_345_678_901_234_567_890n } })
  await expect(connection.send(odd, 'x')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
