/** One round: a disk, the lives of its plan, and an auditor after each of them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Disk } from './disk.ts'
import { Ledger } from './ledger.ts'
import { readNotes } from './notes.ts'
import { drawPlan, type Life, type Step } from './plan.ts'

/** A life that takes longer than this hangs. Unit: ms. */
const PATIENCE_MS = 90_000
const DAY_MS = 86_400_000
/** Of auditors: later than every other clock, so that all that is delayed is due. */
const CALM: Life = {
  seed: 0,
  name: 'audit',
  senders: 0,
  receivers: 0,
  churn: false,
  workMs: 0,
  clockMs: 2 * DAY_MS,
  clockJumps: false,
  mostBytes: 0,
}

export interface RoundResult {
  readonly problems: readonly string[]
  readonly summary: string
  readonly steps: number
}

/** `program`: the file that a life runs. */
export async function playRound(program: string, seed: number, mostSteps: number): Promise<RoundResult> {
  const plan = drawPlan(seed, mostSteps)
  using disk = new Disk(plan.diskBytes)
  const round = new Round(program, disk)
  for (const [at, step] of plan.steps.entries()) {
    await round.step(step, at)
    if (round.ledger.problems.length > 0) break
  }
  if (round.ledger.problems.length === 0) await round.end()
  const { ledger, kills } = round
  return {
    problems: ledger.problems,
    summary: `${disk.kind}, ${plan.steps.length} steps, ${kills} kills: ${ledger.summary()}`,
    steps: plan.steps.length,
  }
}

class Round {
  readonly ledger = new Ledger()
  kills = 0
  readonly #program: string
  readonly #disk: Disk

  constructor(program: string, disk: Disk) {
    this.#program = program
    this.#disk = disk
  }

  async step({ lives, roomBytes, laterRoomBytes, readOnly }: Step, at: number): Promise<void> {
    this.#disk.leave(roomBytes)
    if (readOnly) this.#disk.readOnly = true
    const later =
      laterRoomBytes === undefined ? undefined : sleep(400).then(() => this.#disk.leave(laterRoomBytes))
    const ends = await Promise.all(
      lives.map((life) => this.#live(life, { OWNER: join(this.#disk.notes, 'owner') })),
    )
    await later
    if (readOnly) this.#disk.readOnly = false
    for (const [rival, life] of lives.entries()) this.ledger.read(ends[rival]!, `life ${life.name}`)
    if (ends.some((notes) => notes.some(([word]) => word === 'clearing'))) this.ledger.cleared('scrap')
    this.#disk.leave(undefined)
    await this.#audit(`audit ${at}`)
  }

  /** Everything is taken, and nothing is left. */
  async end(): Promise<void> {
    this.ledger.read(await this.#live({ ...CALM, name: 'drain' }, { DRAIN: '1' }), 'drain')
    const left = await this.#live({ ...CALM, name: 'last' }, { AUDIT: '1' })
    for (const [word, place, id] of left)
      if (word === 'present') this.ledger.problem(`${place} holds ${id} when everything was taken`)
  }

  async #audit(who: string): Promise<void> {
    const notes = await this.#live({ ...CALM, name: who.replace(' ', '-') }, { AUDIT: '1' })
    this.ledger.read(notes, who)
    if (!notes.some(([word]) => word === 'end')) this.ledger.problem(`${who} did not end`)
    else this.ledger.audit(notes, who)
  }

  async #live(life: Life, env: Record<string, string>): Promise<string[][]> {
    const notes = join(this.#disk.notes, `notes-${life.name}`)
    const child = spawn(process.execPath, ['--enable-source-maps', this.#program], {
      env: {
        ...process.env,
        STORE: this.#disk.store,
        NOTES: notes,
        OWNER: join(this.#disk.notes, `owner-${life.name}`),
        LIFE: JSON.stringify(life),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await this.#death(child, life)
    return readNotes(notes)
  }

  async #death(child: ChildProcess, life: Life): Promise<void> {
    let stderr = ''
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    let late = false
    const patience = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, PATIENCE_MS)
    const killing =
      life.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), life.killAfterMs)
    const [code, signal] = await once(child, 'close')
    clearTimeout(patience)
    clearTimeout(killing)
    const killed = life.killAtNote !== undefined || life.killAfterMs !== undefined
    if (signal === 'SIGKILL') this.kills++
    if (late) this.ledger.problem(`life ${life.name} hangs`)
    else if (signal === null ? code !== 0 : !(signal === 'SIGKILL' && killed))
      this.ledger.problem(`life ${life.name} ended by itself with ${signal ?? code}: ${stderr.slice(-2_000)}`)
  }
}
