/** Holds imports against the rules of `rooms.ts`. */
import { posix } from 'node:path'
import { type ImportUse, readImports } from './read-imports.ts'
import { ALIASES, CLIENT_LIBRARIES, DEPENDENCIES, MAY_TRY_PACKAGES, ROOMS, type Room } from './rooms.ts'

/** `files`: path from the checkout's root, with `/`, to its text. Returns one line per violation. */
export function checkImports(files: ReadonlyMap<string, string>): string[] {
  const violations: string[] = []
  for (const [path, text] of files) {
    for (const use of readImports(path, text)) {
      const problem = use.specifier.startsWith('.')
        ? checkRelative(path, use, files)
        : checkPackage(path, use)
      if (problem !== undefined) violations.push(`${path}:${use.line}: '${use.specifier}': ${problem}`)
    }
  }
  return violations
}

function checkRelative(path: string, use: ImportUse, files: ReadonlyMap<string, string>): string | undefined {
  if (!/\.(ts|mts|json)$/.test(use.specifier)) return 'relative imports end in .ts'
  const goal = posix.join(posix.dirname(path), use.specifier)
  if (isCode(goal) && !files.has(goal)) return `there is no ${goal}`
  const from = roomOf(path)
  if (from === undefined)
    return path.startsWith('src/') ? `${path} is in no room (see scripts/imports/rooms.ts)` : undefined
  if (goal.endsWith('.json') || isAllowed(from, goal, use)) return undefined
  const to = roomOf(goal)
  return `${from.name} may not import ${to === undefined ? posix.dirname(goal) : to.name}: ${from.because}`
}

function isAllowed(from: Room, goal: string, use: ImportUse): boolean {
  const to = roomOf(goal)
  if (to === undefined) return goal.startsWith(`${from.name}/`)
  if (to === from) return true
  return from.mayImport.some((rule) => {
    const typeRule = rule.endsWith(' type')
    const name = typeRule ? rule.slice(0, -' type'.length) : rule
    if (typeRule && !use.typeOnly) return false
    if (ALIASES[name]?.test(goal)) return true
    return name.endsWith('*') ? to.name.startsWith(name.slice(0, -1)) : to.name === name
  })
}

function checkPackage(path: string, { specifier, typeOnly, lazy }: ImportUse): string | undefined {
  if (!path.startsWith('src/') || specifier.startsWith('node:')) return undefined
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const place = CLIENT_LIBRARIES[name]
  if (place !== undefined) {
    if (!place.test(path)) return `${name} belongs to ${folderOf(place)} alone`
    if (!typeOnly && !lazy) return `${name} is an optional peer: load it by import(), at the time of need`
    return undefined
  }
  const home = DEPENDENCIES[name]
  if (home !== undefined) return home.test(path) ? undefined : `${name} belongs to ${folderOf(home)}`
  if (MAY_TRY_PACKAGES.test(path) && (lazy || typeOnly)) return undefined
  return `${name} is no dependency: whoever installs the package does not have it`
}

export function roomOf(path: string): Room | undefined {
  return ROOMS.find((room) => room.files.test(path))
}

function isCode(path: string): boolean {
  return path.endsWith('.ts') || path.endsWith('.mts')
}

function folderOf(pattern: RegExp): string {
  return pattern.source.replaceAll('\\', '').replace(/^\^/, '')
}
