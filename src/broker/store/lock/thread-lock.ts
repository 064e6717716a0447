/**
 * Keeps the threads of one process, and copies of this library in it, apart at one directory: to the kernel's file locks they
 * are all the same owner. A name in the kernel's table of sockets belongs to the thread that took it, and goes with it.
 */

import { rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ThreadLock {
  release(): Promise<void>
}

/** `undefined`: another thread, or another process of this network namespace, has it. */
export async function lockThread(device: bigint, inode: bigint): Promise<ThreadLock | undefined> {
  const name = `sluice-store-${device}-${inode}`
  const path = pathOf(name)
  let server = await listen(path)
  // A file outlives its thread; who answers behind it does not.
  if (server === 'taken' && path.endsWith('.sock') && !(await answers(path))) {
    await rm(path, { force: true })
    server = await listen(path)
  }
  if (server === 'taken') return undefined
  return {
    release: () => (server ? new Promise((resolve) => server.close(() => resolve())) : Promise.resolve()),
  }
}

function pathOf(name: string): string {
  if (process.platform === 'linux') return `\0${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  })
}

/** `undefined`: the system has no such names for us. */
async function listen(path: string): Promise<Server | 'taken' | undefined> {
  const server = createServer((socket) => socket.destroy())
  // Nobody is served: the name is all. `exclusive`: workers of a cluster would share it.
  server.unref()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path, exclusive: true }, resolve)
    })
    return server
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'taken' : undefined
  }
}
