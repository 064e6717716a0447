/**
 * Reads what can be read of a damaged LMDB file, page by page and without the database, which trusts its file and ends the
 * process with it. What one flipped bit contradicts is decided by what else is known of the page.
 *
 * Every page is either reached from the roots, or on the list of free pages, or lies behind a damaged page: these are found by
 * looking through all that is neither. Where the list cannot be read, messages that were settled may be among them.
 */
import { closeSync, fstatSync, openSync } from 'node:fs'
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
} from '../page-layout.ts'

const PAGE_SIZES = [4_096, 16_384, 8_192, 65_536, 32_768]
const UNKNOWN_FREE = 'which pages are free: settled messages may be among those found'
/** Longest value that is believed. Unit: bytes. */
const LONGEST = 0x7fff_ffff

/** One value of one table, not checked. */
export interface Found {
  /** Empty: of a page whose table is not known. */
  readonly table: string
  readonly key: Buffer
  readonly value: Buffer
}

interface Tree {
  readonly table: string
  readonly root: number
  readonly depth: number
}

export class PageSalvage implements Disposable {
  /** What could not be read, in words. */
  readonly damage: string[] = []
  readonly #descriptor: number
  readonly #size: number
  #pageSize = PAGE_SIZES[0]!
  #pages = 0
  /** Pages that tell where the tables are, of two. */
  #metas = 0
  #seen = new Uint8Array(0)

  constructor(file: string) {
    this.#descriptor = openSync(file, 'r')
    this.#size = fstatSync(this.#descriptor).size
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  /** All that is found; what the roots lead to comes first. */
  *found(): Generator<Found> {
    const meta = this.#newest()
    this.#pages = Math.ceil(this.#size / this.#pageSize)
    this.#seen = new Uint8Array(this.#pages)
    const trees: Tree[] = []
    const { damage } = this
    if (!meta) damage.push('both pages that tell where the tables are')
    else {
      const main = {
        table: '',
        root: pageNumber(meta, META.mainRoot),
        depth: meta.readUInt16LE(META.mainDepth),
      }
      for (const { key, value, flags } of this.#tree(main)) {
        if ((flags & NODE.table) === 0 || value.length < TABLE.size) continue
        const depth = value.readUInt16LE(TABLE.depth)
        trees.push({
          table: key.toString('latin1').replace('\0', ''),
          root: pageNumber(value, TABLE.root),
          depth,
        })
      }
      for (const name of ['nodes', 'messages', 'marks'])
        if (!trees.some(({ table }) => table === name)) damage.push(`the root of table '${name}'`)
    }
    for (const tree of trees) yield* this.#tree(tree)
    if (damage.length === 0) return
    // One page of two may be the older one: what was free to it may be in use.
    if (meta && this.#metas === 2) this.#markFree(meta)
    else damage.push(UNKNOWN_FREE)
    yield* this.#unreached()
  }

  /** Pages that are neither reached nor free. */
  *#unreached(): Generator<Found> {
    for (let number = 2; number < this.#pages; number++) {
      if (this.#seen[number]) continue
      const page = this.#read(number * this.#pageSize, this.#pageSize)
      if (pageNumber(page, 0) !== number || kindOf(page) !== PAGE.leaf) continue
      this.#seen[number] = 1
      for (const { key, value, flags } of this.#nodes(page, number, true)) {
        if ((flags & NODE.table) === 0) yield { table: '', key, value }
      }
    }
  }

  #markFree(meta: Buffer): void {
    const before = this.damage.length
    const tree = {
      table: 'free pages',
      root: pageNumber(meta, META.freeRoot),
      depth: meta.readUInt16LE(META.freeDepth),
    }
    for (const { value } of this.#tree(tree)) {
      // A number below 0 is a length: of the run that begins with the page behind it.
      let run = 1
      for (let at = 8; at + 8 <= value.length; at += 8) {
        const number = Number(value.readBigInt64LE(at))
        if (number < 0) run = -number
        else {
          this.#take(number, run)
          run = 1
        }
      }
    }
    if (this.damage.length > before) this.damage.push(UNKNOWN_FREE)
  }

  #newest(): Buffer | undefined {
    const metas: Buffer[] = []
    const first = this.#read(0, META.size)
    const told = first.readUInt32LE(META.pageSize)
    for (const size of PAGE_SIZES.includes(told) ? [told, ...PAGE_SIZES] : PAGE_SIZES) {
      const second = this.#read(size, META.size)
      if (second.readUInt32LE(META.magic) !== MAGIC || second.readUInt32LE(META.pageSize) !== size) continue
      this.#pageSize = size
      metas.push(second)
      break
    }
    if (metas.length === 0 && PAGE_SIZES.includes(told)) this.#pageSize = told
    if (first.readUInt32LE(META.magic) === MAGIC) metas.push(first)
    this.#metas = metas.length
    if (metas.length < 2) this.damage.push('one of the two pages that tell where the tables are')
    const [one, two] = metas
    if (!one || !two) return one
    return one.readBigUInt64LE(META.transaction) > two.readBigUInt64LE(META.transaction) ? one : two
  }

  *#tree({ table, root, depth }: Tree): Generator<Found & { flags: number }> {
    if (root === NO_PAGE) return
    if (depth < 1 || depth > MAX_DEPTH) this.damage.push(`table '${table}': it has ${depth} levels`)
    else yield* this.#page(table, root, depth)
  }

  *#page(table: string, number: number, level: number): Generator<Found & { flags: number }> {
    if (!(number >= 2 && number < this.#pages) || this.#seen[number] || level < 1) {
      this.damage.push(`a page of table '${table}' (${number})`)
      return
    }
    const page = this.#read(number * this.#pageSize, this.#pageSize)
    const right = pageNumber(page, 0) === number
    const kind = kindOf(page)
    const expected = level === 1 ? PAGE.leaf : PAGE.branch
    if (!right || kind !== expected)
      this.damage.push(`page ${number} of table '${table}' contradicts what leads to it`)
    if (!right && kind !== expected) return
    this.#seen[number] = 1
    if ((right && kind !== 0 ? kind : expected) === PAGE.leaf) {
      for (const { key, value, flags } of this.#nodes(page, number, false)) yield { table, key, value, flags }
      return
    }
    const children = [...this.#offsets(page, number)].map((node) => childOf(page, node))
    for (const child of children) yield* this.#page(table, child, level - 1)
  }

  *#offsets(page: Buffer, number: number): Generator<number> {
    const lower = page.readUInt16LE(20)
    if (lower % 2 !== 0 || HEAD + lower > this.#pageSize) this.damage.push(`page ${number}: its size`)
    const end = Math.min(HEAD + (lower & ~1), this.#pageSize)
    for (let at = HEAD; at < end; at += 2) {
      const node = HEAD + page.readUInt16LE(at)
      if (node + NODE.head <= this.#pageSize && node >= end) yield node
      else this.damage.push(`page ${number}: place ${(at - HEAD) / 2}`)
    }
  }

  *#nodes(
    page: Buffer,
    number: number,
    quiet: boolean,
  ): Generator<{ key: Buffer; value: Buffer; flags: number }> {
    for (const node of this.#offsets(page, number)) {
      const length = page.readUInt32LE(node)
      const flags = page.readUInt16LE(node + 4)
      const data = node + NODE.head + page.readUInt16LE(node + 6)
      const big = (flags & NODE.big) !== 0
      if (data + (big ? 8 : length) > this.#pageSize) {
        if (!quiet) this.damage.push(`page ${number}: the entry at ${node}`)
        continue
      }
      const key = page.subarray(node + NODE.head, data)
      const value = big ? this.#overflow(pageNumber(page, data), length) : page.subarray(data, data + length)
      if (value) yield { key, value, flags }
      else if (!quiet) this.damage.push(`page ${number}: what the entry at ${node} leads to`)
    }
  }

  /** The page's own head is not looked at: a checksum tells whether the value is whole. */
  #overflow(number: number, length: number): Buffer | undefined {
    const start = number * this.#pageSize + HEAD
    if (!(number >= 2 && length <= LONGEST && start + length <= this.#size)) return undefined
    // Two say how many pages it has; the smaller number hides no page of others.
    const told = this.#read(number * this.#pageSize, HEAD).readUInt32LE(20)
    this.#take(number, Math.min(told, Math.ceil((HEAD + length) / this.#pageSize)))
    return this.#read(start, length)
  }

  #take(first: number, count: number): void {
    if (first < this.#pages) this.#seen.fill(1, first, Math.min(first + count, this.#pages))
  }

  #read(position: number, length: number): Buffer {
    return readBytes(this.#descriptor, position, length)
  }
}

/** Branch or leaf of {@link PAGE}; 0: neither, or both. */
function kindOf(page: Buffer): number {
  const kind = page.readUInt16LE(18) & (PAGE.branch | PAGE.leaf)
  return kind === (PAGE.branch | PAGE.leaf) ? 0 : kind
}
