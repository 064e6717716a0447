/** Everything that changes a broker goes through here: is it allowed, was it meant, who does it, and what does the log say of it. */
import type { Broker } from '../brokers/broker.ts'
import type { Brokers } from '../brokers/brokers.ts'
import { Refused } from '../errors.ts'
import { placeOf } from '../nodes/address.ts'
import type { Act, ActResult } from '../protocol.ts'
import type { Audit } from '../session/audit.ts'
import { commandLine } from './command-line.ts'
import { deleteMessages, moveOrCopy } from './moving.ts'
import { bindNode, declareNode, deleteNode, purgeNode } from './node-acts.ts'
import { replayed } from './replaying.ts'
import { asked, sent } from './sending.ts'
import type { Progress, Tasks } from './tasks.ts'

/** What ends within this time is told as done. Unit: ms. */
const SHORT_MS = 400
/** More messages than this are sent by a task. */
const MANY = 100

interface ActsOptions {
  readonly write: boolean
  readonly bodies: boolean
  readonly brokers: Brokers
  readonly tasks: Tasks
  readonly audit: Audit
}

type Done = NonNullable<ActResult['done']>

export class Acts {
  readonly #options: ActsOptions

  constructor(options: ActsOptions) {
    this.#options = options
  }

  /** @param who for the log. @throws Refused, and what the library throws */
  async do(act: Act, who: Readonly<Record<string, unknown>>): Promise<ActResult> {
    const { audit } = this.#options
    const facts = { act: act.act, ...placesOf(act), ...who }
    try {
      this.#check(act)
      const command = commandLine(act)
      const done = await this.#short(act)
      const result = done ? { command, done } : await this.#long(act, command, facts)
      audit.write({ ...facts, result: result.done ? (result.done.text ?? 'done') : 'begun' })
      return result
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown }
      audit.write({ ...facts, refused: code ?? 'REQUEST_INVALID', why: message }, error)
      throw error
    }
  }

  #check(act: Act): void {
    if (!this.#options.write) {
      throw new Refused(403, 'READ_ONLY', 'This console only looks', {
        hint: 'Start it with --write to change things.',
      })
    }
    const changed = this.#changed(act)
    if (changed && act.confirm !== changed) {
      const text = `This needs the name of the node, ${JSON.stringify(changed)}, as its confirmation`
      throw new Refused(409, 'CONFIRMATION_NEEDED', text, { confirm: changed })
    }
  }

  /** The name that must be typed; `undefined`: none. */
  #changed(act: Act): string | undefined {
    const isProduction = ({ broker }: { readonly broker: string }): boolean => this.#broker(broker).production
    if ('from' in act) {
      if (act.act === 'move' && isProduction(act.from)) return placeOf(act.from.address).name
      return isProduction(act.to) ? placeOf(act.to.address).name : undefined
    }
    const isLarge = act.act === 'purge' || act.act === 'delete'
    return (isLarge || isProduction(act)) && !isDryRun(act) ? placeOf(act.address).name : undefined
  }

  #broker(name: string): Broker {
    return this.#options.brokers.get(name)
  }

  /** `undefined`: it takes long. */
  async #short(act: Act): Promise<Done | undefined> {
    switch (act.act) {
      case 'send':
        if (act.messages.length > MANY) return undefined
        return sent(this.#broker(act.broker), act, { count: 0, signal: new AbortController().signal })
      case 'request':
        return asked(this.#broker(act.broker), act, this.#options.bodies)
      case 'purge':
        return purgeNode(this.#broker(act.broker), act.address)
      case 'delete':
        return deleteNode(this.#broker(act.broker), act.address)
      case 'declare':
        return declareNode(this.#broker(act.broker), act.address)
      case 'bind':
        return bindNode(this.#broker(act.broker), act)
      default:
        return undefined
    }
  }

  async #long(act: Act, command: string, facts: Readonly<Record<string, unknown>>): Promise<ActResult> {
    const { tasks, audit } = this.#options
    const task = tasks.start({ act: act.act, text: begun(act), command }, async (progress) => {
      const text = await this.#work(act, progress)
      audit.write({ ...facts, ended: progress.signal.aborted ? 'stopped' : 'done', result: text })
      return text
    })
    const view = await Promise.race([task.ended, after(SHORT_MS)])
    if (!view) return { command, task: task.view }
    if (view.state !== 'done') return { command, task: view }
    return { command, task: view, done: { text: view.text, count: view.count } }
  }

  async #work(act: Act, progress: Progress): Promise<string> {
    const { bodies } = this.#options
    switch (act.act) {
      case 'send':
        return (await sent(this.#broker(act.broker), act, progress)).text
      case 'copy':
      case 'move': {
        const ends = { source: this.#broker(act.from.broker), target: this.#broker(act.to.broker), bodies }
        return moveOrCopy(act, ends, progress)
      }
      case 'delete-messages':
        return deleteMessages(this.#broker(act.broker), act, progress)
      case 'replay':
        return replayed(this.#broker(act.broker), act, bodies, progress)
      default:
        throw new Refused(400, 'REQUEST_INVALID', 'There is no such task')
    }
  }
}

/** It looks only. */
function isDryRun(act: Act): boolean {
  return act.act === 'replay' && act.dryRun === true
}

function placesOf(act: Act): Record<string, unknown> {
  if ('from' in act)
    return { broker: act.from.broker, address: act.from.address, to: `${act.to.broker}#${act.to.address}` }
  return { broker: act.broker, address: act.address, to: 'to' in act ? act.to : undefined }
}

function begun(act: Act): string {
  if ('from' in act) return `${act.act} ${act.from.address} to ${act.to.address}`
  return `${act.act} ${act.address}`
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms))
}
