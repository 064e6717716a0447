/** A client library with a change in its inside: a copy of the installed one, so that what a coming version may rename is renamed. */
import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { vi } from 'vitest'

const MODULES = resolve(import.meta.dirname, '../../node_modules')

/** A change of a library: what stands in its files is replaced. */
export interface Plant {
  readonly from: RegExp
  readonly to: string
}

/**
 * From now on `import(name)` gives the changed copy. Its own packages are those of this checkout.
 *
 * @param folder of the library's files that are changed
 * @returns gives the library back as it was, and removes the copy
 */
export function plant(name: string, folder: string, plants: readonly Plant[]): () => void {
  const home = join(MODULES, '.cache', `planted-${randomUUID()}`)
  const copy = join(home, name)
  mkdirSync(home, { recursive: true })
  cpSync(join(MODULES, name), copy, { recursive: true, dereference: true })
  const changed = new Set<Plant>()
  for (const entry of readdirSync(join(copy, folder), { recursive: true, encoding: 'utf8' })) {
    if (!/\.c?js$/.test(entry)) continue
    const file = join(copy, folder, entry)
    const text = readFileSync(file, 'utf8')
    let planted = text
    for (const each of plants) {
      const next = planted.replace(each.from, each.to)
      if (next !== planted) changed.add(each)
      planted = next
    }
    // The copy is a file of its own, the installed one may have other names.
    rmSync(file)
    writeFileSync(file, planted)
  }
  for (const each of plants) if (!changed.has(each)) throw new Error(`${name} has no ${each.from}`)
  const module = createRequire(join(home, 'from.cjs'))(copy) as object
  vi.doMock(name, () => ({ ...module, default: module }))
  return () => {
    vi.doUnmock(name)
    rmSync(home, { recursive: true, force: true })
  }
}

/** The texts of all warnings from now on, also of those that come before somebody can listen. */
export function collectWarnings(): { readonly warnings: string[]; readonly end: () => void } {
  const warnings: string[] = []
  const listen = (message: unknown): void => {
    const { event } = message as { event: { type: string; error?: Error } }
    if (event.type === 'warning') warnings.push(event.error!.message)
  }
  subscribe('sluice:status', listen)
  return { warnings, end: () => unsubscribe('sluice:status', listen) }
}
