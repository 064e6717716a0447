/**
 * How an LMDB file is laid out (little-endian).
 *
 * Page: u64 number · u64 transaction · u16 · u16 flags · u16 lower · u16 upper, then offsets of nodes (u16), which like the two
 * before them count from behind this head. Node: u16 low · u16 high · u16 flags · u16 key size · key · data. In a branch the first
 * three are the number of the child, in a leaf the first two the size of the data and the third says what the data is.
 */
import { readSync } from 'node:fs'

/** Places in the two pages that tell where the tables are. */
export const META = {
  magic: 24,
  pageSize: 48,
  freeDepth: 54,
  freeRoot: 88,
  mainDepth: 102,
  mainRoot: 136,
  transaction: 152,
  size: 160,
}
export const MAGIC = 0xbeefc0de
/** Of a page. Unit: bytes. */
export const HEAD = 24
/** Flags of a page. */
export const PAGE = { branch: 1, leaf: 2, overflow: 4 }
export const NODE = { head: 8, big: 1, table: 2 }
/** Of a table's description. Unit: bytes. */
export const TABLE = { depth: 6, root: 40, size: 48 }
/** Levels a tree can have at most; a circle of pages ends here. */
export const MAX_DEPTH = 32
export const NO_PAGE = -1

export function pageNumber(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4)
  return high === 0xffff_ffff ? NO_PAGE : bytes.readUInt32LE(at) + high * 2 ** 32
}

/** The number of the child that a node of a branch leads to. */
export function childOf(page: Buffer, node: number): number {
  return page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32
}

/** Zeros where the file has ended. */
export function readBytes(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  readSync(descriptor, bytes, 0, length, position)
  return bytes
}
