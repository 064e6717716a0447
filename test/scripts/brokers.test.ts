import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exportLines, testEnvironment, withoutPasswords } from '../../scripts/brokers/environment.ts'
import { readRecord, writeRecord } from '../../scripts/brokers/home.ts'
import { birthOf, isAlive } from '../../scripts/brokers/identity.ts'
import type { BrokerRecord } from '../../scripts/brokers/kind.ts'
import { withRedis as askRedis } from '../../scripts/brokers/kinds/redis-probe.ts'
import { kill, pause, resume, start } from '../../scripts/brokers/lifecycle.ts'
import { createPrivateHome, sweepPrivateHomes } from '../../scripts/brokers/private-homes.ts'
import { down, up } from '../../scripts/brokers/up.ts'
import { isLeftOut, PrivateBroker } from '../support/brokers.ts'
import { eventually } from '../support/eventually.ts'

/** Redis stands for all kinds here: what is tested is the same for each, and it starts at once. */
const withRedis = test.skipIf(isLeftOut('redis'))

let scratch: string
let home: string
const quiet = () => {}

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-brokers-test-'))
  home = join(scratch, 'home')
})

afterEach(async () => {
  await down(home, [], quiet)
  rmSync(scratch, { recursive: true })
})

async function upRedis(): Promise<{ record: BrokerRecord; started: boolean }> {
  const { results, failures } = await up(home, ['redis'], quiet)
  expect(failures).toEqual([])
  return results[0]!
}

function ask<T>(record: BrokerRecord, work: (client: Redis) => Promise<T>): Promise<T> {
  return askRedis({ url: record.environment.SLUICE_TEST_REDIS }, work)
}

function ping(url: string): Promise<string> {
  return askRedis({ url }, (client) => client.ping())
}

function cli(args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'scripts/brokers.ts', ...args], {
    encoding: 'utf8',
    env: { ...process.env, SLUICE_TEST_REDIS: '', SLUICE_BROKERS_HOME: home, ...env },
  })
}

withRedis(
  'up gives a real broker, a second up the same one, and down leaves neither process nor file',
  async () => {
    const first = await upRedis()
    expect(first.started).toBe(true)
    expect(await ask(first.record, (client) => client.ping())).toBe('PONG')
    const second = await upRedis()
    expect(second.started).toBe(false)
    expect(second.record.processes).toEqual(first.record.processes)

    expect(await down(home, [], quiet)).toEqual(['redis'])
    expect(first.record.processes.some(isAlive)).toBe(false)
    expect(existsSync(home)).toBe(false)
  },
)

withRedis('a killed broker comes back on the same port with its data', async () => {
  const { record } = await upRedis()
  await ask(record, (client) => client.set('key', 'kept'))
  await kill(home, 'redis')
  expect(record.processes.some(isAlive)).toBe(false)
  const again = await start(home, 'redis')
  expect(again.environment).toEqual(record.environment)
  expect(again.processes[0]?.pid).not.toBe(record.processes[0]?.pid)
  expect(await ask(again, (client) => client.get('key'))).toBe('kept')
})

withRedis('up after a kill starts the same broker again', async () => {
  const { record } = await upRedis()
  await kill(home, 'redis')
  const again = await upRedis()
  expect(again.started).toBe(true)
  expect(again.record.ports).toEqual(record.ports)
})

withRedis('a paused broker is silent until it is resumed', async () => {
  const { record } = await upRedis()
  await ask(record, async (client) => {
    await client.ping()
    await pause(home, 'redis')
    let answered = false
    const pending = client.ping().then((answer) => {
      answered = true
      return answer
    })
    await eventually(() => readFileSync(`/proc/${record.processes[0]?.pid}/stat`, 'latin1').includes(') T '))
    expect(answered).toBe(false)
    await resume(home, 'redis')
    expect(await pending).toBe('PONG')
  })
})

withRedis('down ends a paused broker too', async () => {
  const { record } = await upRedis()
  await pause(home, 'redis')
  await down(home, ['redis'], quiet)
  expect(record.processes.some(isAlive)).toBe(false)
})

withRedis('a process that merely has the pid of the record is never touched', async () => {
  const { record } = await upRedis()
  const stranger = spawn('sleep', ['60'])
  try {
    const [broker] = record.processes
    await kill(home, 'redis')
    writeRecord(home, { ...record, processes: [{ ...broker!, pid: stranger.pid as number }] })
    await pause(home, 'redis')
    await kill(home, 'redis')
    await down(home, [], quiet)
    expect(birthOf(stranger.pid as number)).toBeDefined()
    expect(stranger.exitCode).toBeNull()
  } finally {
    stranger.kill('SIGKILL')
  }
})

withRedis('two commands at the same time give one broker', async () => {
  const both = await Promise.all([upRedis(), upRedis()])
  expect(both.map((each) => each.started).sort()).toEqual([false, true])
  expect(both[0].record.processes).toEqual(both[1].record.processes)
})

withRedis('the lock of a command that died does not stop the next one', async () => {
  await upRedis()
  writeFileSync(join(home, 'lock'), JSON.stringify({ pid: process.pid, birth: 'another life' }))
  expect((await upRedis()).started).toBe(false)
})

withRedis('a broker whose ports were taken while it was down gives way to a new one', async () => {
  const { record } = await upRedis()
  await kill(home, 'redis')
  const squatter = createServer().listen(record.ports.redis, '127.0.0.1')
  try {
    const again = await upRedis()
    expect(again.record.ports.redis).not.toBe(record.ports.redis)
    expect(await ask(again.record, (client) => client.ping())).toBe('PONG')
  } finally {
    squatter.close()
  }
})

withRedis('what a dead test left behind is swept up, what a living one uses is not', async () => {
  const mine = createPrivateHome(home)
  const orphaned = createPrivateHome(home)
  await up(mine, ['redis'], quiet)
  await up(orphaned, ['redis'], quiet)
  writeFileSync(join(orphaned, 'owner.json'), JSON.stringify({ pid: process.pid, birth: 'another life' }))
  const left = readRecord(orphaned, 'redis')
  await sweepPrivateHomes(home)
  expect(left?.processes.some(isAlive)).toBe(false)
  expect(existsSync(orphaned)).toBe(false)
  expect(readRecord(mine, 'redis')?.processes.every(isAlive)).toBe(true)
  await down(home, [], quiet)
  expect(existsSync(home)).toBe(false)
})

withRedis('a private broker is a test’s own to kill, restart and freeze, and leaves nothing', async () => {
  let url: string
  {
    await using broker = await PrivateBroker.start('redis')
    url = broker.url
    expect(url).not.toBe(process.env.SLUICE_TEST_REDIS)
    await broker.kill()
    await expect(ping(url)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/)
    await broker.start()
    await broker.pause()
    await broker.resume()
    await broker.restart()
    expect(await ping(url)).toBe('PONG')
  }
  // The system may take a connection while the process is going.
  await expect.poll(() => ping(url).catch(String)).toContain('ECONNREFUSED')
})

withRedis(
  'the command line starts, shows and ends a broker, and prints no password',
  async () => {
    const started = cli(['up', 'redis', '--without', 'qpid'])
    expect(started.status, started.stderr).toBe(0)
    expect(started.stdout).toMatch(/^redis +started +Redis 7/m)
    expect(started.stdout).toMatch(/^qpid +left out/m)
    const password = new URL(testEnvironment(home).SLUICE_TEST_REDIS as string).password
    expect(password).toMatch(/^[0-9a-f]{24}$/)
    expect(started.stdout + started.stderr).not.toContain(password)

    const [line] = JSON.parse(cli(['status', '--json']).stdout)
    expect(line).toMatchObject({ name: 'redis', state: 'running', product: 'Redis' })
    expect(line.url).not.toContain(password)

    const shown = cli(['exec', '--', 'sh', '-c', 'echo "$SLUICE_TEST_REDIS"'])
    expect(shown.stdout.trim()).toBe(testEnvironment(home).SLUICE_TEST_REDIS)

    expect(cli(['down']).stdout).toBe('down: redis\n')
    expect(existsSync(home)).toBe(false)
  },
  30_000,
)

test('a broker that cannot be had fails with the reason and the cure', () => {
  const bin = mkdtempSync(join(scratch, 'bin-'))
  const { status, stderr } = cli(['up', 'redis'], { PATH: bin, SLUICE_BROKERS_INSTALL: '0' })
  expect(status).toBe(1)
  expect(stderr).toContain('redis-server not installed, and SLUICE_BROKERS_INSTALL=0 forbids it')
  expect(stderr).toContain('--without redis')
  expect(existsSync(home)).toBe(false)
})

test('an address given by environment at which nobody serves is an error that names the variable', () => {
  const { status, stderr } = cli(['up', 'redis'], { SLUICE_TEST_REDIS: 'redis://:hidden@127.0.0.1:1' })
  expect(status).toBe(1)
  expect(stderr).toContain('nobody serves at the address in SLUICE_TEST_REDIS')
  expect(stderr).not.toContain('hidden')
})

test('unknown names, commands and options are usage errors', () => {
  expect(cli(['up', 'kafka'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Unknown broker kafka'),
  })
  expect(cli(['fly'])).toMatchObject({ status: 2, stderr: expect.stringContaining('Unknown command fly') })
  expect(cli(['up', '--fast'])).toMatchObject({ status: 2 })
  expect(cli(['kill'])).toMatchObject({ status: 2 })
})

test('URLs are shown without passwords, lists and user-less ones too', () => {
  expect(withoutPasswords('redis://:pw@a:1,redis://:pw@b:2')).toBe('redis://a:1,redis://b:2')
  expect(withoutPasswords('qpid://user:pw@a:1')).toBe('qpid://user@a:1')
  expect(withoutPasswords('redis://a:1')).toBe('redis://a:1')
})

test('the lines for a shell survive quotes', () => {
  const lines = exportLines({ A: `it's $HOME` })
  const { stdout } = spawnSync('sh', ['-c', `${lines} printf %s "$A"`], { encoding: 'utf8' })
  expect(stdout).toBe(`it's $HOME`)
})
