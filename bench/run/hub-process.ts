/** A hub in a process of its own, as its users run it. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createHub } from '../../src/index.ts'

const ROLE = '--hub'

export class HubProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  /** @param script this file, where it stands compiled beside other code */
  static async start(script = fileURLToPath(import.meta.url)): Promise<HubProcess> {
    const child = fork(script, [ROLE], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve(message as string))
      child.once('exit', (code) => reject(new Error(`The hub ended with ${code}`)))
    })
    return new HubProcess(url, child)
  }

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await ended
  }
}

if (process.argv[2] === ROLE) {
  const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  process.once('disconnect', () => void hub.close().finally(() => process.exit()))
  process.send!(hub.urls[0])
}
