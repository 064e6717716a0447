/** Two nodes side by side, on any two brokers: what is only here, only there, and what differs. */
import { useEffect, useState } from 'preact/hooks'
import type { ApiError, ComparePage, CompareRequest } from '../../protocol.ts'
import { askToDisturb } from '../parts/ask.tsx'
import { Button } from '../parts/controls/button.tsx'
import { Form } from '../parts/controls/form.tsx'
import { isMissing, NodePicker, type Picked } from '../parts/controls/node-picker.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Empty, Loading, Problem } from '../parts/problem.tsx'
import { post, problemOf } from '../state/api.ts'
import { levelOf } from '../state/brokers.ts'
import { useKeys } from '../state/keys.ts'
import { showNodes } from '../state/nodes.ts'
import { go, link, remember, route } from '../state/route.ts'
import { Comparison } from './compare/comparison.tsx'

interface Comparing {
  readonly page: ComparePage | undefined
  readonly problem: ApiError | undefined
  readonly busy: boolean
  readonly compare: () => Promise<void>
  readonly stop: () => void
}

/** One comparison at a time. Where looking disturbs, the user is asked first. */
function useComparison(left: Picked, right: Picked): Comparing {
  const [page, setPage] = useState<ComparePage>()
  const [problem, setProblem] = useState<ApiError>()
  const [reader, setReader] = useState<AbortController>()
  const compare = async () => {
    if (reader !== undefined) return
    const disturbed = [left, right].filter(({ broker }) => levelOf(broker, 'browse') === 'emulated')
    for (const { address } of disturbed) if (!(await askToDisturb(address, undefined))) return
    const own = new AbortController()
    setReader(own)
    setPage(undefined)
    try {
      const body: CompareRequest = { left, right, ...(disturbed.length > 0 && { disturb: true }) }
      setPage(await post<ComparePage>('/api/compare', { body, signal: own.signal }))
      setProblem(undefined)
    } catch (error) {
      if (!own.signal.aborted) setProblem(problemOf(error))
    }
    setReader(undefined)
  }
  const stop = () => {
    reader?.abort()
    setReader(undefined)
  }
  return { page, problem, busy: reader !== undefined, compare, stop }
}

export function Compare() {
  const { query } = route.value
  const side = (letter: 'l' | 'r'): Picked => ({
    broker: query.get(`${letter}b`) ?? '',
    address: query.get(`${letter}a`) ?? '',
  })
  const left = side('l')
  const right = side('r')
  const missing = [left, right].some(isMissing) ? 'Say which two nodes first.' : undefined
  const { page, problem, busy, compare, stop } = useComparison(left, right)
  useEffect(() => showNodes([], {}), [])
  useKeys({ Escape: () => go(link([])) })
  return (
    <div class="fill">
      <PageHead title="Compare" facts={<span>by id, then by body</span>} />
      <Form class="compare-form" onSubmit={() => missing === undefined && void compare()}>
        <NodePicker
          label="Left"
          value={left}
          onValue={({ broker, address }) => remember({ lb: broker, la: address })}
        />
        <NodePicker
          label="Right"
          value={right}
          onValue={({ broker, address }) => remember({ rb: broker, ra: address })}
        />
        {busy ? (
          <Button icon="stop" onPress={stop}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" icon="compare" submit reason={missing}>
            Compare
          </Button>
        )}
      </Form>
      {problem !== undefined && <Problem problem={problem} />}
      {busy && <Loading what="both nodes" />}
      {page !== undefined && <Comparison page={page} left={left} right={right} />}
      {page === undefined && !busy && problem === undefined && (
        <Empty icon="compare" title="Two nodes, any two brokers">
          After a migration, or beside a copy: see which messages are only here, only there, or differ.
          Nothing is taken.
        </Empty>
      )}
    </div>
  )
}
