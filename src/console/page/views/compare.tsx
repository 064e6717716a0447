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

export function Compare() {
  const { query } = route.value
  const side = (letter: 'l' | 'r'): Picked => ({
    broker: query.get(`${letter}b`) ?? '',
    address: query.get(`${letter}a`) ?? '',
  })
  const left = side('l')
  const right = side('r')
  const [page, setPage] = useState<ComparePage>()
  const [problem, setProblem] = useState<ApiError>()
  const [reader, setReader] = useState<AbortController>()
  useEffect(() => showNodes([], {}), [])
  useKeys({ Escape: () => go(link([])) })

  const missing = [left, right].some(isMissing) ? 'Say which two nodes first.' : undefined
  const compare = async () => {
    if (missing !== undefined || reader !== undefined) return
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
  return (
    <div class="fill">
      <PageHead title="Compare" facts={<span>by id, then by body</span>} />
      <Form class="compare-form" onSubmit={compare}>
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
        {reader === undefined ? (
          <Button kind="primary" icon="compare" submit reason={missing}>
            Compare
          </Button>
        ) : (
          <Button
            icon="stop"
            onPress={() => {
              reader.abort()
              setReader(undefined)
            }}
          >
            Stop
          </Button>
        )}
      </Form>
      {problem !== undefined && <Problem problem={problem} />}
      {reader !== undefined && <Loading what="both nodes" />}
      {page !== undefined && <Comparison page={page} left={left} right={right} />}
      {page === undefined && reader === undefined && problem === undefined && (
        <Empty icon="compare" title="Two nodes, any two brokers">
          After a migration, or beside a copy: see which messages are only here, only there, or differ.
          Nothing is taken.
        </Empty>
      )}
    </div>
  )
}
