/** One part on one backend, in this process. Its argument is what the part is given, with the part and the file of the result. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PARTS } from '../parts/index.ts'
import { type Given, kept } from '../parts/part.ts'
import { HubProcess } from './hub-process.ts'

interface Order extends Given {
  readonly part: string
  readonly file: string
}

const order = JSON.parse(process.argv[2]!) as Order
const { part, file, backend, folder } = order
const hub = backend === 'zeromq' ? await HubProcess.start() : undefined
const url = hub?.url ?? (backend === 'file' ? `file:${join(folder, 'data')}` : order.url)
const measure = await PARTS[part]!.load()
const result = await measure({ ...order, url })
await mkdir(dirname(file), { recursive: true })
await writeFile(file, `${JSON.stringify(part === 'table' ? result : kept(order, result), undefined, 1)}\n`)
await hub?.[Symbol.asyncDispose]()
// A peer whose set-up failed may hold connections that nobody can close.
process.exit()
