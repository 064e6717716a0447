/**
 * Homes of single tests, on a shelf inside the checkout's home. Each names its owner, so that what a killed
 * test left behind is told from what a living one uses.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeHome, nestedHomes, OWNER_FILE, PRIVATE_SHELF } from './home.ts'
import { birthOf, isAlive } from './identity.ts'
import { down } from './up.ts'

export function createPrivateHome(home: string): string {
  makeHome(home)
  const shelf = join(home, PRIVATE_SHELF)
  mkdirSync(shelf, { recursive: true, mode: 0o700 })
  const mine = mkdtempSync(join(shelf, `${process.pid}-`))
  writeFileSync(join(mine, OWNER_FILE), JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) }))
  return mine
}

/** Ends and deletes what belongs to processes that are gone. */
export async function sweepPrivateHomes(home: string): Promise<void> {
  const orphans = nestedHomes(home).filter(isOrphan)
  await Promise.all(orphans.map((each) => down(each, [], () => {})))
}

function isOrphan(home: string): boolean {
  try {
    return !isAlive(JSON.parse(readFileSync(join(home, OWNER_FILE), 'utf8')))
  } catch {
    // No owner named (yet): left to a `down` of everything.
    return false
  }
}
