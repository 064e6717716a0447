/**
 * Walks the pages of an LMDB file before it is opened. LMDB maps the file and trusts it, so that a page that is missing
 * or overwritten ends the process; here it ends in words.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import {
  childOf,
  HEAD,
  MAGIC,
  MAX_DEPTH,
  META,
  NO_PAGE,
  NODE,
  PAGE,
  pageNumber,
  readBytes,
  TABLE,
} from './page-layout.ts'

/** Pages read in one go. */
const WINDOW = 64

/** What is wrong with the file, in words; `undefined`: nothing, or it is empty. */
export function findDamage(file: string): string | undefined {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    return size === 0 ? undefined : new Walk(descriptor, size).damage()
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  } finally {
    closeSync(descriptor)
  }
}

class Damage extends Error {}

class Walk {
  readonly #descriptor: number
  readonly #size: number
  #pageSize = 0
  #pages = 0
  #seen = new Uint8Array(0)
  #window = Buffer.alloc(0)
  #windowStart = 0
  #windowEnd = 0

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor
    this.#size = size
  }

  damage(): string | undefined {
    const first = this.#read(0, META.size)
    const pageSize = first.readUInt32LE(META.pageSize)
    const known = first.readUInt32LE(META.magic) === MAGIC && pageSize >= 512 && pageSize <= 65_536
    if (!known || (pageSize & (pageSize - 1)) !== 0) return 'the file does not begin like a database'
    const second = this.#read(pageSize, META.size)
    if (second.readUInt32LE(META.magic) !== MAGIC) return 'its second page is not what it must be'
    this.#pageSize = pageSize
    this.#pages = Math.floor(this.#size / pageSize)
    this.#seen = new Uint8Array(this.#pages)
    this.#window = Buffer.alloc(WINDOW * pageSize)
    const newest =
      first.readBigUInt64LE(META.transaction) > second.readBigUInt64LE(META.transaction) ? first : second
    this.#tree(pageNumber(newest, META.freeRoot), newest.readUInt16LE(META.freeDepth))
    this.#tree(pageNumber(newest, META.mainRoot), newest.readUInt16LE(META.mainDepth))
    return undefined
  }

  #tree(root: number, depth: number): void {
    if (root === NO_PAGE) return
    if (depth < 1 || depth > MAX_DEPTH) throw new Damage(`a table in it has ${depth} levels`)
    this.#page(root, depth)
  }

  #page(number: number, level: number): void {
    const page = this.#load(number)
    const flags = page.readUInt16LE(18)
    const expected = level === 1 ? PAGE.leaf : PAGE.branch
    if ((flags & (PAGE.branch | PAGE.leaf | PAGE.overflow)) !== expected) throw this.#wrong(number)
    const lower = page.readUInt16LE(20)
    const upper = page.readUInt16LE(22)
    if (lower > upper || upper > this.#pageSize - HEAD) throw this.#wrong(number)
    // Children are gathered first: reading them replaces the window.
    const children: number[] = []
    const tables: [number, number][] = []
    for (let at = HEAD; at < HEAD + lower; at += 2) {
      const node = HEAD + page.readUInt16LE(at)
      if (node < HEAD + upper || node + NODE.head > this.#pageSize) throw this.#wrong(number)
      const data = node + NODE.head + page.readUInt16LE(node + 6)
      if (data > this.#pageSize) throw this.#wrong(number)
      if (level > 1) children.push(childOf(page, node))
      else this.#leafNode(page, number, node, data, children, tables)
    }
    if (level > 1) for (const child of children) this.#page(child, level - 1)
    else for (const overflow of children) this.#overflow(overflow)
    for (const [root, depth] of tables) this.#tree(root, depth)
  }

  #leafNode(
    page: Buffer,
    number: number,
    node: number,
    data: number,
    overflows: number[],
    tables: [number, number][],
  ): void {
    const flags = page.readUInt16LE(node + 4)
    const length = flags & NODE.big ? 8 : page.readUInt32LE(node)
    if (data + length > this.#pageSize) throw this.#wrong(number)
    if (flags & NODE.big) overflows.push(pageNumber(page, data))
    if ((flags & NODE.table) === 0) return
    if (length < TABLE.size) throw this.#wrong(number)
    tables.push([pageNumber(page, data + TABLE.root), page.readUInt16LE(data + TABLE.depth)])
  }

  #overflow(number: number): void {
    const page = this.#load(number)
    if ((page.readUInt16LE(18) & PAGE.overflow) === 0) throw this.#wrong(number)
    const last = number + page.readUInt32LE(20) - 1
    if (last >= this.#pages) throw new Damage(`page ${last} is missing: the file is cut short`)
  }

  /** One page, each no more than once. */
  #load(number: number): Buffer {
    if (!(number >= 2 && number < this.#pages)) {
      throw new Damage(`page ${number} is missing: the file is cut short, or a page is damaged`)
    }
    if (this.#seen[number] === 1) throw this.#wrong(number)
    this.#seen[number] = 1
    if (number < this.#windowStart || number >= this.#windowEnd) {
      const bytes = readSync(this.#descriptor, this.#window, 0, this.#window.length, number * this.#pageSize)
      this.#windowStart = number
      this.#windowEnd = number + Math.floor(bytes / this.#pageSize)
      if (this.#windowEnd === number) throw new Damage(`page ${number} cannot be read`)
    }
    const start = (number - this.#windowStart) * this.#pageSize
    const page = this.#window.subarray(start, start + this.#pageSize)
    if (pageNumber(page, 0) !== number) throw this.#wrong(number)
    return page
  }

  #read(position: number, length: number): Buffer {
    return readBytes(this.#descriptor, position, length)
  }

  #wrong(number: number): Damage {
    return new Damage(`page ${number} is damaged`)
  }
}
