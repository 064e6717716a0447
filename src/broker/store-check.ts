/**
 * Looks at a store's files before they are opened: what is obviously not whole is refused with words, where the
 * database itself would crash the process on a page that is not there.
 */
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MessagingError } from '../api/errors.ts'

/** Tells a new directory from one whose data has gone. */
const MARKER = 'sluice-store.json'
const DATA = 'data.mdb'
const FORMAT = 1

/** Layout of LMDB's two meta pages. Unit: bytes. */
const META = {
  magic: 24,
  pageSize: 48,
  freeRoot: 88,
  mainRoot: 136,
  lastPage: 144,
  transaction: 152,
  size: 160,
}
const MAGIC = 0xbeefc0de
const NO_PAGE = 0xffff_ffff_ffff_ffffn

/**
 * Makes the directory a store, or checks that it is one.
 *
 * @throws `CONNECT_FAILED` when it was a store and its data is not whole, or it is of a newer format
 */
export async function checkStore(directory: string): Promise<void> {
  const marker = await readMarker(directory)
  const problem = await dataProblem(join(directory, DATA), marker !== undefined)
  if (problem) throw damagedStore(directory, problem)
  if (marker === undefined) {
    await writeFile(join(directory, MARKER), `${JSON.stringify({ store: 'sluice', format: FORMAT })}\n`)
  } else if (marker !== FORMAT) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `The store '${directory}' has format ${marker}, not ${FORMAT}`,
      {
        retryable: false,
        hint: 'It was written by another version of Sluice: use that one.',
        context: { operation: 'connect', directory },
      },
    )
  }
}

export function damagedStore(directory: string, problem: string, cause?: unknown): MessagingError {
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' is damaged: ${problem}`, {
    cause,
    retryable: false,
    hint: 'Restore the directory from a copy, or move it away to begin with an empty one.',
    context: { operation: 'connect', directory },
  })
}

/** The format, or `undefined` for a directory that was no store so far. */
async function readMarker(directory: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(join(directory, MARKER), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { format } = JSON.parse(text)
    if (typeof format === 'number') return format
  } catch {
    // Told below.
  }
  throw damagedStore(directory, `${MARKER} cannot be read`)
}

async function dataProblem(file: string, expected: boolean): Promise<string | undefined> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return expected ? `${DATA} is missing` : undefined
  try {
    const { size } = await handle.stat()
    if (size === 0) return expected ? `${DATA} is empty` : undefined
    const first = Buffer.alloc(META.size)
    await handle.read(first, 0, META.size, 0)
    const pageSize = first.readUInt32LE(META.pageSize)
    const readable = first.readUInt32LE(META.magic) === MAGIC && pageSize >= 512 && pageSize <= 65_536
    if (!readable) return `${DATA} does not begin like a database`
    const second = Buffer.alloc(META.size)
    await handle.read(second, 0, META.size, pageSize)
    if (second.readUInt32LE(META.magic) !== MAGIC) return `the second page of ${DATA} is not what it must be`
    const newest = [first, second].reduce((a, b) => (transactionOf(b) > transactionOf(a) ? b : a))
    const lastPage = newest.readBigUInt64LE(META.lastPage)
    if ((lastPage + 1n) * BigInt(pageSize) > BigInt(size)) {
      return `${DATA} has ${size} bytes and should have ${(lastPage + 1n) * BigInt(pageSize)}`
    }
    for (const root of [newest.readBigUInt64LE(META.freeRoot), newest.readBigUInt64LE(META.mainRoot)]) {
      if (root !== NO_PAGE && root > lastPage) return `${DATA} names a page it does not have`
    }
    return undefined
  } finally {
    await handle.close()
  }
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(META.transaction)
}
