/** Bodies around every threshold at which a store keeps them in another way; whoever knows id and size knows the bytes. */
import { createHash } from 'node:crypto'
import type { Dice } from '../random/dice.ts'

const KIB = 1024
const MIB = 1024 * KIB
const THRESHOLDS = [16 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB, 32 * MIB, 64 * MIB]
/** A prime, so that no page of a body is like another one. Unit: bytes. */
const PATTERN = 61

/** Unit: bytes. Most are small: rounds are for many messages, and one of 64 MiB takes a second. */
export function drawSize(dice: Dice, most: number): number {
  if (dice.chance(0.9)) return dice.below(2_000)
  // The larger, the rarer.
  const at = Math.min(
    dice.below(THRESHOLDS.length),
    dice.below(THRESHOLDS.length),
    dice.below(THRESHOLDS.length),
  )
  const size = THRESHOLDS[at]! + (dice.chance(0.5) ? dice.between(-1, 1) : dice.between(-200, 200))
  return size <= most ? size : dice.below(most)
}

export function bodyOf(id: string, size: number): Buffer {
  return Buffer.alloc(size, createHash('sha512').update(id).digest().subarray(0, PATTERN))
}
