/**
 * What can be done to one running broker: stop and start it on the same ports and data, kill it, freeze it,
 * remove it. Tests use these on brokers of their own.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { forget, readRecord, writeRecord } from './home.ts'
import { isAlive } from './identity.ts'
import type { BrokerName, BrokerRecord, ProcessRecord } from './kind.ts'
import { kindOf } from './kinds.ts'
import { freezeProcess, killProcess, logTail, startProcess, stopProcess } from './processes.ts'
import { containerCommand, isContainerRunning, removeContainer } from './software/docker.ts'

const READY_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 30_000
const POLL_MS = 100

/** Kills the broker as a crash would (SIGKILL). `role`: only that one of its processes. */
export async function kill(home: string, name: BrokerName, role?: string): Promise<void> {
  const record = recordOf(home, name)
  if (record.containerId !== undefined) await containerCommand('kill', record.containerId)
  await Promise.all(targets(record, role).map(killProcess))
}

/** Ends it in order. */
export async function stop(home: string, name: BrokerName, role?: string): Promise<void> {
  const record = recordOf(home, name)
  if (record.containerId !== undefined) await containerCommand('stop', record.containerId)
  await Promise.all(targets(record, role).map((target) => stopProcess(target, STOP_TIMEOUT_MS)))
}

/** Starts what does not run, on the same ports and data, and resolves when the broker serves clients. */
export async function start(home: string, name: BrokerName): Promise<BrokerRecord> {
  let record = recordOf(home, name)
  if (record.containerId !== undefined) {
    await containerCommand('start', record.containerId)
    return await awaitReady(home, record)
  }
  for (const target of record.processes) {
    if (isAlive(target)) continue
    const { pid: _, birth: __, ...plan } = target
    const started = await startProcess(plan, record.folder)
    record = { ...record, processes: record.processes.map((each) => (each === target ? started : each)) }
    writeRecord(home, record)
  }
  return await awaitReady(home, record)
}

export async function restart(home: string, name: BrokerName): Promise<BrokerRecord> {
  await stop(home, name)
  return await start(home, name)
}

/** Freezes it: connections stay open, nothing is answered. */
export async function pause(home: string, name: BrokerName, role?: string): Promise<void> {
  const record = recordOf(home, name)
  if (record.containerId !== undefined) await containerCommand('pause', record.containerId)
  for (const target of targets(record, role)) freezeProcess(target, 'SIGSTOP')
}

export async function resume(home: string, name: BrokerName, role?: string): Promise<void> {
  const record = recordOf(home, name)
  if (record.containerId !== undefined) await containerCommand('unpause', record.containerId)
  for (const target of targets(record, role)) freezeProcess(target, 'SIGCONT')
}

/** Ends all its processes, however they are, and deletes its folder. */
export async function remove(home: string, record: BrokerRecord): Promise<void> {
  if (record.containerId !== undefined) await removeContainer(record.containerId)
  // The data goes too, so an orderly end would only take time.
  await Promise.all(record.processes.map(killProcess))
  forget(home, record.name)
}

export async function isRunning(record: BrokerRecord): Promise<boolean> {
  if (record.containerId !== undefined) return isContainerRunning(record.containerId)
  return record.processes.every(isAlive)
}

/** Rejects with the end of its log when a process ends meanwhile, or at the deadline. */
export async function awaitReady(
  home: string,
  record: BrokerRecord,
  timeoutMs = READY_TIMEOUT_MS,
): Promise<BrokerRecord> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      const version = await kindOf(record.name).probe(record.environment)
      const ready = { ...record, version }
      if (version !== record.version) writeRecord(home, ready)
      return ready
    } catch (error) {
      await checkStillStarting(record, error, deadline)
    }
    await delay(POLL_MS)
  }
}

async function checkStillStarting(record: BrokerRecord, error: unknown, deadline: number): Promise<void> {
  const ended = record.processes.find((each) => !isAlive(each))
  if (ended !== undefined) {
    throw new Error(
      `${record.name}: ${ended.role} ended while starting\n${logTail(record.folder, ended.role)}`,
    )
  }
  if (record.containerId !== undefined && !(await isRunning(record))) {
    throw new Error(`${record.name}: its container ended while starting (docker logs ${record.containerId})`)
  }
  if (performance.now() > deadline) {
    const tail = record.processes.map((each) => logTail(record.folder, each.role)).join('\n')
    throw new Error(`${record.name} does not serve clients: ${(error as Error).message}\n${tail}`, {
      cause: error,
    })
  }
}

function recordOf(home: string, name: BrokerName): BrokerRecord {
  const record = readRecord(home, name)
  if (record === undefined) throw new Error(`${name} is not up (npm run brokers -- up ${name})`)
  return record
}

function targets(record: BrokerRecord, role: string | undefined): ProcessRecord[] {
  const chosen = record.processes.filter((each) =>
    role === undefined ? !each.auxiliary : each.role === role,
  )
  if (role !== undefined && chosen.length === 0) {
    const roles = record.processes.map((each) => each.role).join(', ')
    throw new Error(`${record.name} has no process ${role}; it has ${roles}`)
  }
  return chosen
}
