/** Runs one case: opens its context, decides between running and inverting, and cleans up. */
import { type CapabilityLevel, connect, type Feature } from 'sluice'
import type { Case } from './case.ts'
import { CaseContext, type Shared } from './context.ts'
import { within } from './expect.ts'
import { type BrokerControl, type Harness, missing, type Witness } from './harness.ts'
import { assertRefused, refusable } from './refusals.ts'
import type { CaseResult, ConformanceReport } from './report.ts'

/** Time for what must end in any case. Unit: ms. */
const CLEANUP_MS = 20_000

/** The parts of a run that live longer than a case. */
export class Run implements Shared {
  readonly #harness: Harness
  #broker: Promise<BrokerControl> | undefined
  #witness: Promise<Witness> | undefined
  readonly #done = new Map<string, Promise<unknown>>()
  readonly results: CaseResult[] = []

  constructor(harness: Harness) {
    this.#harness = harness
  }

  broker(): Promise<BrokerControl> {
    this.#broker ??= this.#harness.broker!()
    return this.#broker
  }

  witness(): Promise<Witness> {
    this.#witness ??= this.#harness.witness!()
    return this.#witness
  }

  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    let done = this.#done.get(key) as Promise<T> | undefined
    if (!done) {
      done = work()
      this.#done.set(key, done)
    }
    return done
  }

  /** Runs a case and keeps its result. Rejects when it failed, so that the runner shows it. */
  async case(item: Case): Promise<CaseResult> {
    const started = performance.now()
    const facts = { id: item.id, chapter: item.chapter, title: item.title, needs: item.needs }
    const keep = (rest: Pick<CaseResult, 'result' | 'level' | 'reason'>): CaseResult => {
      const result: CaseResult = { ...facts, ...rest, ms: Math.round(performance.now() - started) }
      this.results.push(result)
      return result
    }
    const absent =
      this.#harness.inapplicable?.[item.id] ??
      item.uses.map((facility) => missing(this.#harness, facility)).find((reason) => reason !== undefined)
    if (absent !== undefined) return keep({ result: 'skipped', level: 'required', reason: absent })
    const level: { value: CaseResult['level'] } = { value: 'required' }
    try {
      const outcome = await this.#attempt(item, level)
      return keep({ ...outcome, level: level.value })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const defect = this.#harness.defects?.[item.id]
      if (defect !== undefined) {
        return keep({ result: 'skipped', level: level.value, reason: `known defect: ${defect} (${reason})` })
      }
      keep({ result: 'failed', level: level.value, reason })
      throw error
    }
  }

  async stop(): Promise<void> {
    await (await this.#witness?.catch(() => undefined))?.close()
    await (await this.#broker?.catch(() => undefined))?.stop()
  }

  async #attempt(
    item: Case,
    level: { value: CaseResult['level'] },
  ): Promise<Pick<CaseResult, 'result' | 'reason'>> {
    const target = await this.#target(item)
    const c = await CaseContext.open(this.#harness, this, target)
    let failure: { error: unknown } | undefined
    let outcome: Pick<CaseResult, 'result' | 'reason'> = { result: 'passed' }
    try {
      level.value = weakest(c, item.needs)
      outcome = await within(perform(item, c), item.timeoutMs, `the end of ${item.id}`)
    } catch (error) {
      failure = { error }
    }
    try {
      if (item.uses.includes('faults')) await this.#harness.faults!.resume()
      await within(c.close(), CLEANUP_MS, `the clean-up of ${item.id}`)
    } catch (error) {
      failure ??= { error }
    }
    if (failure) throw failure.error
    return outcome
  }

  async #target(item: Case): Promise<() => ReturnType<Harness['target']>> {
    if (item.uses.includes('broker')) {
      const broker = await this.broker()
      return () => broker.target()
    }
    const { faults } = this.#harness
    if (item.uses.includes('faults') && faults) return () => faults.target()
    return () => this.#harness.target()
  }
}

async function perform(item: Case, c: CaseContext): Promise<Pick<CaseResult, 'result' | 'reason'>> {
  const lacking = item.needs.filter((feature) => !c.has(feature))
  if (lacking.length === 0) {
    await item.run(c)
    return { result: 'passed' }
  }
  const reason = lacking
    .map((feature) => `${feature}: ${c.connection.capabilities.features[feature].note}`)
    .join('; ')
  if (item.otherwise) {
    await item.otherwise(c)
    return { result: 'inverted', reason }
  }
  const asked = lacking.filter(refusable)
  if (asked.length === 0) return { result: 'skipped', reason }
  for (const feature of asked) await assertRefused(c, feature, lacking)
  return { result: 'inverted', reason }
}

const STRENGTH: readonly CapabilityLevel[] = ['unsupported', 'emulated', 'native']

function weakest(c: CaseContext, needs: readonly Feature[]): CaseResult['level'] {
  const levels = needs.map((feature) => c.level(feature))
  return STRENGTH.find((level) => levels.includes(level)) ?? 'required'
}

/** What is at the other end, for the report. */
export async function probe(harness: Harness): Promise<Pick<ConformanceReport, 'broker' | 'capabilities'>> {
  await using connection = await connect(harness.target())
  return { broker: { ...connection.broker! }, capabilities: connection.capabilities }
}
