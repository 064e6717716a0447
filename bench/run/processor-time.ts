/** Processor time of a broker: of every process that listens at its port, with its threads. Linux; elsewhere nothing is known. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Ticks of `/proc/PID/stat`. Unit: ms. */
const TICK_MS = 10

/** Those that listen at `port`, and that this user may look at. */
export function listeningAt(port: number): number[] {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((table) => linesOf(table))
      .flatMap((line) => {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
        const isOurs = state === '0A' && Number.parseInt(local?.split(':')[1] ?? '', 16) === port
        return isOurs ? [`socket:[${inode}]`] : []
      }),
  )
  return numbersIn('/proc').filter((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)))
    } catch {
      return false
    }
  })
}

/** User and system time of these processes so far. Unit: ms. */
export function processorTimeOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [stat = ''] = linesOf(`/proc/${pid}/stat`)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
  }, 0)
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}
