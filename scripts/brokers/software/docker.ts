/** The same brokers as containers, for machines with Docker and without the packages. */
import { find, run } from '../commands.ts'

export async function isDockerUsable(): Promise<boolean> {
  if (find('docker') === undefined) return false
  return run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: 10_000 }).then(
    () => true,
    () => false,
  )
}

/** Resolves to the container's id. */
export async function startContainer(name: string, args: readonly string[]): Promise<string> {
  const output = await run('docker', ['run', '-d', '--label', 'sluice-broker', '--name', name, ...args], {
    timeoutMs: 5 * 60_000,
  })
  return output.trim()
}

export type ContainerVerb = 'start' | 'stop' | 'kill' | 'pause' | 'unpause'

export async function containerCommand(verb: ContainerVerb, id: string): Promise<void> {
  await run('docker', [verb, id])
}

export async function removeContainer(id: string): Promise<void> {
  await run('docker', ['rm', '-f', '-v', id])
}

export async function isContainerRunning(id: string): Promise<boolean> {
  const state = await run('docker', ['inspect', '-f', '{{.State.Running}}', id]).catch(() => 'false')
  return state.trim() === 'true'
}
