/** What the system refuses to a store is told as what it is, and leaves the store as it was. */
import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileBroker } from '../../../../src/broker/index.ts'
import { Child } from '../../../support/child.ts'
import { Hand } from '../harness.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-refusals-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

const INDEX = JSON.stringify(fileURLToPath(new URL('../../../../src/broker/index.ts', import.meta.url)))
const PROGRAM = `
import { fileBroker } from ${INDEX}
const told = await fileBroker(process.env.STORE).then(() => 'opened', ({ code, message, hint }) => ({ code, message, hint }))
console.log(JSON.stringify(told))
process.exit()
`

/** Opens the store where no file may be larger than this, which stands for a disk without room. Unit: KiB. */
async function openedWithin(limit: number): Promise<unknown> {
  const script = `trap '' XFSZ; ulimit -f ${limit}; exec "$0" --import "$1" --input-type=module -e "$2"`
  const args = ['-c', script, process.execPath, import.meta.resolve('tsx'), PROGRAM]
  const { stdout } = await promisify(execFile)('bash', args, { env: { ...process.env, STORE: directory } })
  return JSON.parse(stdout)
}

const NO_ROOM = { code: 'CONNECT_FAILED', hint: 'Make room on the disk of the store.' }

test('a new store that finds no room leaves nothing behind, and is made once there is room', async () => {
  expect(await openedWithin(512)).toMatchObject(NO_ROOM)
  expect(await readdir(directory)).toEqual([])
  const { release } = await fileBroker(directory)
  await release()
})

test('a whole store on a full disk is not called damaged, and opens once there is room', async () => {
  const first = await fileBroker(directory)
  const hand = new Hand(first.broker)
  await hand.queue('q')
  await hand.send('q', 'kept')
  await first.release()
  const files = await readdir(directory)
  const refused = await openedWithin(0)
  expect(refused).toMatchObject({ ...NO_ROOM, message: expect.not.stringContaining('damaged') })
  expect(await readdir(directory)).toEqual(files)
  const next = await fileBroker(directory)
  expect(await new Hand(next.broker).browse('q')).toEqual(['kept'])
  await next.release()
})

const NAMESPACE = ['--mount', '--map-root-user']
const FEW_FILES = `
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileBroker } from ${INDEX}
const told = []
for (let files = 2; files < 12; files++) {
  const disk = process.env.STORE + '/' + files
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=10m,nr_inodes=' + files, 'tmpfs', disk])
  told.push(await fileBroker(disk + '/store').then(({ release }) => release().then(() => 'opened'), ({ code, hint }) => code + ': ' + hint))
}
console.log(JSON.stringify(told))
process.exit()
`

/** Why no disk can be made here, if so. */
function noDisks(): string | undefined {
  try {
    execFileSync('unshare', [...NAMESPACE, 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'making a disk of its own needs Linux and its namespaces'
  }
}

test('a disk with room, but without a place for one more file: refused wherever that comes to light', async ({
  skip,
}) => {
  const reason = noDisks()
  if (reason !== undefined) skip(reason)
  const args = [...NAMESPACE, process.execPath, '--import', import.meta.resolve('tsx')]
  const { stdout } = await promisify(execFile)('unshare', [...args, '--input-type=module', '-e', FEW_FILES], {
    env: { ...process.env, STORE: directory },
  })
  const told: string[] = JSON.parse(stdout)
  expect(told.at(-1)).toBe('opened')
  const refused = told.filter((one) => one !== 'opened')
  expect(refused.length).toBeGreaterThan(4)
  expect(new Set(refused)).toEqual(new Set(['CONNECT_FAILED: Make room on the disk of the store.']))
})

test('a path that cannot be a directory is told as such; one that only looks odd is one', async () => {
  const file = join(directory, 'file')
  await writeFile(file, '')
  await symlink(join(directory, 'nowhere'), join(directory, 'link'))
  const refused: [string, RegExp][] = [
    ['file', /^A file/],
    ['file/store', /^A file/],
    ['link', /^A file/],
    ['n'.repeat(300), /shorter/],
  ]
  for (const [name, hint] of refused) {
    await expect(fileBroker(join(directory, name))).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      retryable: false,
      hint: expect.stringMatching(hint),
    })
  }
  await symlink(directory, join(directory, 'here'))
  for (const name of ['with space', 'ünïcødé 日本語 🐘', 'n'.repeat(200), 'missing/../new', 'here/store']) {
    const { release } = await fileBroker(`${directory}/${name}`)
    await release()
  }
  expect(await readdir(directory)).toEqual(expect.arrayContaining(['new', 'store']))
})

test('a directory nobody may write in is told as such', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only Linux has a directory in which not even root may write')
  await expect(fileBroker('/sys')).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.not.stringContaining('damaged'),
    hint: expect.stringMatching(/write|read only/),
  })
})

/** One message in queue `q`. */
async function filled(): Promise<void> {
  const { broker, release } = await fileBroker(directory)
  const hand = new Hand(broker)
  await hand.queue('q')
  await hand.send('q', 'kept')
  await release()
}

async function expectWhole(): Promise<void> {
  const { broker, release } = await fileBroker(directory)
  expect(await new Hand(broker).browse('q')).toEqual(['kept'])
  await release()
}

test('files of another user are told as such, and the process lives', { timeout: 60_000 }, async () => {
  const program = `
    import { fileBroker } from 'src/broker/index.ts'
    // Root may write everything.
    if (process.getuid?.() === 0) process.setuid(65534)
    const told = await fileBroker(process.env.STORE).then(() => 'opened', ({ code, message, hint }) => [code, message, hint].join(' '))
    console.log(told)
    process.exit()
  `
  await filled()
  await chmod(directory, 0o777)
  for (const name of await readdir(directory)) await chmod(join(directory, name), 0o666)
  for (const name of ['lock.mdb', 'owner.lock-lock', 'data.mdb']) {
    await chmod(join(directory, name), 0o444)
    await using child = Child.run(program, { STORE: directory })
    expect(await child.line()).toMatch(new RegExp(`^CONNECT_FAILED .*${name}.* Allow this process to write`))
    await chmod(join(directory, name), 0o666)
  }
  await expectWhole()
})

test('the files beside the data are made again where a machine without power left a part of them', async () => {
  await filled()
  for (const name of ['owner.lock', 'owner.lock-lock', 'lock.mdb']) {
    for (const bytes of [0, 100, 5_000]) {
      await truncate(join(directory, name), bytes)
      await expectWhole()
    }
    await writeFile(join(directory, name), Buffer.alloc(8_192, 0xa5))
    await expectWhole()
  }
})

test.runIf(process.platform === 'linux')(
  'a process that has too many files open is told, and lives',
  { timeout: 60_000 },
  async () => {
    const program = `
      import { closeSync, openSync } from 'node:fs'
      import { fileBroker } from 'src/broker/index.ts'
      const store = process.env.STORE
      // What is loaded on first use is loaded, and the store is there.
      await (await fileBroker(store)).release()
      const open = []
      const fill = () => {
        try {
          for (;;) open.push(openSync('/dev/null', 'r'))
        } catch {}
      }
      for (let left = 0; left < 16; left++) {
        fill()
        for (let freed = 0; freed < left; freed++) closeSync(open.pop())
        const told = await fileBroker(store).then(
          async ({ release }) => {
            await release()
            return 'opened'
          },
          ({ code, hint }) => code + ' ' + hint,
        )
        console.log(told)
      }
      process.exit()
    `
    await using child = Child.run(program, { STORE: directory }, [
      'bash',
      '-c',
      'ulimit -n 200; exec "$0" "$@"',
    ])
    const told: string[] = []
    for (let left = 0; left < 16; left++) told.push(await child.line())
    expect(told[0]).toMatch(/^CONNECT_FAILED .*too many files open/)
    expect(told.at(-1)).toBe('opened')
    expect(told.filter((line) => line !== 'opened' && line !== told[0])).toEqual([])
  },
)
