/** Runs the checks one after the other, and cleans up behind each. */
import type { Connection } from '../../../index.ts'
import type { Library } from '../../broker/library.ts'
import { ThrowAwayNodes } from '../../broker/throw-away-nodes.ts'
import { CHECKS, type Check } from './checks.ts'

export interface Finding {
  readonly title: string
  readonly result: 'ok' | 'failed' | 'left out'
  readonly ms: number
  /** Of a failure: what happened. Of what was left out: why. */
  readonly detail: string | undefined
  readonly code: string | undefined
  /** What to do about a failure. */
  readonly cure: string | undefined
}

export async function examine(
  connection: Connection,
  library: Library,
  signal: AbortSignal,
  each: (finding: Finding) => Promise<void>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const check of CHECKS) {
    if (signal.aborted) break
    const finding = await runCheck(check, connection, library)
    findings.push(finding)
    await each(finding)
  }
  return findings
}

async function runCheck(check: Check, connection: Connection, library: Library): Promise<Finding> {
  const { features } = connection.capabilities
  const missing = check.needs.find((need) => features[need].level === 'unsupported')
  if (missing !== undefined) {
    const detail = features[missing].note ?? `this broker has no ${library.FEATURES[missing]}`
    return { title: check.title, result: 'left out', ms: 0, detail, code: 'NOT_SUPPORTED', cure: undefined }
  }
  const nodes = new ThrowAwayNodes(connection, 'doctor')
  const start = performance.now()
  const attempt = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      await work()
      return undefined
    } catch (error) {
      return error
    }
  }
  const failed = await attempt(() =>
    check.run({
      connection,
      library,
      name: (of) => nodes.name(of),
      made: (address) => nodes.made(address),
    }),
  )
  const ms = performance.now() - start
  const left = await attempt(() => nodes.clear())
  const problem = failed ?? left
  if (problem === undefined) {
    return { title: check.title, result: 'ok', ms, detail: undefined, code: undefined, cure: undefined }
  }
  const known = library.isMessagingError(problem) ? problem : undefined
  return {
    title: check.title,
    result: 'failed',
    ms,
    detail: problem instanceof Error ? problem.message : String(problem),
    code: known?.code,
    cure: known?.hint,
  }
}
