/**
 * Tells a process that we started from a stranger that got the same pid later: a pid alone is never
 * enough to send a signal.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Changes with every boot and every new process; `undefined` when no such process lives. */
export function birthOf(pid: number): string | undefined {
  return process.platform === 'linux' ? birthFromProc(pid) : birthFromPs(pid)
}

export function isAlive(process: { readonly pid: number; readonly birth: string }): boolean {
  return birthOf(process.pid) === process.birth
}

/** Processes that this one has started and that run now; elsewhere than on Linux nobody tells. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function birthFromProc(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  // A zombie runs no more: where nobody reaps (a container's first process) it would stay for ever.
  if (state === 'Z' || state === 'X') return undefined
  const startedAtTick = fields[19]
  return `${bootId()}:${startedAtTick}`
}

let knownBootId: string | undefined

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return knownBootId
}

function birthFromPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    const [state = '', ...start] = text.split(/\s+/)
    return text === '' || state.startsWith('Z') ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}
