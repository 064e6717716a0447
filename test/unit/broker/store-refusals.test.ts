/** What the system refuses to a store is told as what it is, and leaves the store as it was. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileBroker } from '../../../src/broker/index.ts'
import { Hand } from './harness.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-refusals-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

const INDEX = JSON.stringify(fileURLToPath(new URL('../../../src/broker/index.ts', import.meta.url)))
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

test('a directory nobody may write in is told as such', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only Linux has a directory in which not even root may write')
  await expect(fileBroker('/sys')).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.not.stringContaining('damaged'),
    hint: expect.stringMatching(/write|read only/),
  })
})
