/** Starts, signals and awaits the processes of a broker. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { birthOf, childrenOf, isAlive } from './identity.ts'
import type { ProcessPlan, ProcessRecord } from './kind.ts'

const POLL_MS = 20

/** Starts it in a session of its own, so that it outlives this process and no Ctrl-C reaches it. */
export async function startProcess(plan: ProcessPlan, folder: string): Promise<ProcessRecord> {
  const log = openSync(logPath(folder, plan.role), 'a', 0o600)
  try {
    const child = spawn(plan.command, [...plan.args], {
      cwd: folder,
      env: { ...baseEnvironment(folder), ...plan.env },
      detached: true,
      stdio: ['ignore', log, log],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    const pid = child.pid as number
    // A process that has ended already has no birth mark; the empty one matches no living process.
    return { ...plan, pid, birth: birthOf(pid) ?? '' }
  } finally {
    closeSync(log)
  }
}

/** Sends the signal unless the process is gone, or its pid is a stranger's by now. */
export function signalProcess(target: ProcessRecord, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false
  try {
    process.kill(target.pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Resolves to whether it ended in time. */
export async function waitForEnd(target: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isAlive(target)) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** Freezes it, or lets it go on, with the processes that it works through. */
export function freezeProcess(target: ProcessRecord, signal: 'SIGSTOP' | 'SIGCONT'): void {
  // order: the parent makes no further ones meanwhile.
  signalProcess(target, signal)
  for (const child of familyOf(target)) signalProcess(child, signal)
}

function familyOf(target: ProcessRecord): ProcessRecord[] {
  if (!target.withChildren || !isAlive(target)) return []
  return childrenOf(target.pid).map((pid) => ({ ...target, pid, birth: birthOf(pid) ?? '' }))
}

export async function killProcess(target: ProcessRecord): Promise<void> {
  const family = familyOf(target)
  await killOne(target)
  await Promise.all(family.map(killOne))
}

async function killOne(target: ProcessRecord): Promise<void> {
  if (signalProcess(target, 'SIGKILL') && !(await waitForEnd(target, 10_000))) {
    throw new Error(`Process ${target.pid} (${target.role}) does not end on SIGKILL`)
  }
}

/** Asks it to end, and kills it when it does not. */
export async function stopProcess(target: ProcessRecord, timeoutMs: number): Promise<void> {
  // A stopped process would keep the signal pending for ever.
  freezeProcess(target, 'SIGCONT')
  if (!signalProcess(target, target.stopSignal ?? 'SIGTERM')) return
  if (!(await waitForEnd(target, timeoutMs))) await killProcess(target)
}

export function logPath(folder: string, role: string): string {
  return join(folder, `${role}.out`)
}

export function logTail(folder: string, role: string, lines = 15): string {
  try {
    return readFileSync(logPath(folder, role), 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  }
}

/** Nothing of the user's own broker settings may leak in, so the environment is not simply inherited. */
export function baseEnvironment(home: string): Record<string, string> {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', JAVA_HOME } = process.env
  return { PATH, HOME: home, LANG: 'C.UTF-8', ...(JAVA_HOME === undefined ? {} : { JAVA_HOME }) }
}
