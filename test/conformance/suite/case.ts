/** Cases as data: a promise of the design, what it needs of a broker, and the steps that prove it. */
import type { Feature } from 'sluice'
import type { CaseContext } from './context.ts'
import type { Facility } from './harness.ts'

/** A case as written in its chapter. */
export interface CaseDefinition {
  /** Unique within the chapter. */
  readonly id: string
  /** The promise, as a sentence. */
  readonly title: string
  /** Features it stands on. If one is unsupported the case runs inverted: it asserts the refusal. */
  readonly needs?: readonly Feature[]
  /** What the harness must be able to do. If it cannot, the case is skipped with the harness's reason. */
  readonly uses?: readonly Facility[]
  /** Longest run. Unit: ms. Default 20,000. */
  readonly timeoutMs?: number
  /** Holds the promise up to the broker: resolves where it is kept, rejects where it is broken. */
  run(c: CaseContext): Promise<void>
  /** What holds where a needed feature is unsupported; default: the refusals of those features. */
  otherwise?(c: CaseContext): Promise<void>
}

/** A case as the suite runs it. */
export interface Case extends CaseDefinition {
  /** `chapter.case` */
  readonly id: string
  /** Name of its chapter. */
  readonly chapter: string
  readonly needs: readonly Feature[]
  readonly uses: readonly Facility[]
  readonly timeoutMs: number
}

/** Cases on one subject. */
export interface Chapter {
  /** First part of the ids of its cases. */
  readonly name: string
  /** In the order they run. */
  readonly cases: readonly Case[]
}

const DEFAULT_TIMEOUT_MS = 20_000

/** Names a chapter and gives its cases their full ids. @throws Error when two cases share an id */
export function chapter(name: string, definitions: readonly CaseDefinition[]): Chapter {
  const seen = new Set<string>()
  const cases = definitions.map((definition) => {
    if (seen.has(definition.id)) throw new Error(`Two cases are called ${name}.${definition.id}`)
    seen.add(definition.id)
    return {
      timeoutMs: DEFAULT_TIMEOUT_MS,
      needs: [],
      uses: [],
      ...definition,
      id: `${name}.${definition.id}`,
      chapter: name,
    }
  })
  return { name, cases }
}
