/** A run in two processes: this one receives and keeps the books, a child of it sends. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Arm, ArmEvents, Plan } from '../arm.ts'
import type { Sending, SendReport } from '../load/generator.ts'
import type { Stage } from '../load/stage.ts'
import type { FromSender, ToSender } from './messages.ts'

/** The receiving side opens first: it makes the nodes. */
export async function remoteStage(arm: Arm, plan: Plan, events: ArmEvents): Promise<Stage> {
  const receiving = await arm.open({ ...plan, role: 'receive' }, events)
  const sender = new SenderProcess(events)
  try {
    const settings = await sender.open(arm, {
      ...plan,
      role: 'send',
      meetingPoint: receiving.meetingPoint,
    })
    return {
      settings: { ...receiving.settings, ...settings, processes: 'sender and receiver apart' },
      tier: receiving.tier,
      sending: sender,
      attachReceivers: () => receiving.attachReceivers(),
      browse: async () => {},
      async close() {
        await sender.close()
        await receiving.close()
      },
    }
  } catch (error) {
    sender.kill()
    await receiving.close()
    throw error
  }
}

/** Longest wait for the sender to stop, or to close its connection. Unit: ms. */
const CLOSE_MS = 3_000

class SenderProcess implements Sending {
  readonly #child: ChildProcess
  #answer: ((message: FromSender) => void) | undefined

  constructor(events: ArmEvents) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const script = fileURLToPath(new URL(`./sender-process.${extension}`, import.meta.url))
    this.#child = fork(script, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: FromSender) => {
      if (message.kind === 'broken') events.failed(new Error(message.message))
      else if (message.kind === 'noted') events.noted(message.what)
      else this.#answer?.(message)
    })
    this.#child.on('error', (error) => this.#ended(error.message))
    this.#child.on('exit', (code, signal) => this.#ended(`the sending process ended with ${code ?? signal}`))
  }

  async open({ url, library }: Arm, plan: Plan) {
    const { settings } = await this.#ask({ kind: 'open', url, library, plan }, 'opened')
    return settings
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#ask({ kind: 'warm-up' }, 'warmed-up', signal)
  }

  async run(signal: AbortSignal): Promise<SendReport> {
    const { report } = await this.#ask({ kind: 'run' }, 'report', signal)
    return report
  }

  async close(): Promise<void> {
    const force = setTimeout(() => this.kill(), CLOSE_MS)
    await this.#ask({ kind: 'close' }, 'closed').catch(() => {})
    clearTimeout(force)
    this.kill()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #ask<K extends FromSender['kind']>(
    question: ToSender,
    kind: K,
    signal?: AbortSignal,
  ): Promise<Extract<FromSender, { kind: K }>> {
    let force: NodeJS.Timeout | undefined
    const stop = (): void => {
      this.#say({ kind: 'stop' })
      force = setTimeout(() => this.kill(), CLOSE_MS)
    }
    signal?.addEventListener('abort', stop, { once: true })
    return new Promise<Extract<FromSender, { kind: K }>>((resolve, reject) => {
      this.#answer = (message) => {
        this.#answer = undefined
        if (message.kind === kind) resolve(message as Extract<FromSender, { kind: K }>)
        else reject(new Error(message.kind === 'failed' ? message.message : `unexpected ${message.kind}`))
      }
      if (!this.#child.connected) this.#ended('the sending process has ended')
      else this.#say(question)
    }).finally(() => {
      clearTimeout(force)
      signal?.removeEventListener('abort', stop)
    })
  }

  #say(message: ToSender): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #ended(message: string): void {
    this.#answer?.({ kind: 'failed', message })
  }
}
