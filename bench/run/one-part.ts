/** One part on one backend, in this process. Its argument is what the part is given, with the part and the file of the result. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PARTS } from '../parts/index.ts'
import { type Given, type Kept, kept } from '../parts/part.ts'
import { HubProcess } from './hub-process.ts'

interface Order extends Omit<Given, 'earlier' | 'keep'> {
  readonly part: string
  readonly file: string
  /** Whether what an earlier run measured counts. Default: no. */
  readonly continued?: boolean
}

const order = JSON.parse(process.argv[2]!) as Order
const { part, file, backend, folder, continued } = order
const hub = backend === 'zeromq' ? await HubProcess.start() : undefined
const url = hub?.url ?? (backend === 'file' ? `file:${join(folder, 'data')}` : order.url)
const earlier =
  continued && existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Kept).result : undefined
const measure = await PARTS[part]!.load()
const given: Given = { ...order, url, earlier, keep }
await keep(await measure(given))
await hub?.[Symbol.asyncDispose]()
// A peer whose set-up failed may hold connections that nobody can close.
process.exit()

/** Whole or not at all: a run may be broken off at any time. */
async function keep(result: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const data = part === 'table' ? result : kept(given, result)
  await writeFile(`${file}.new`, `${JSON.stringify(data, undefined, 1)}\n`)
  await rename(`${file}.new`, file)
}
