/** Says calmly that what is shown does not move at the moment. */
import { Icon } from '../parts/icon.tsx'
import { retryNow, streamProblem, streamState } from '../state/live/stream.ts'

export function StreamNotice() {
  const problem = streamProblem.value
  if (problem === undefined || streamState.value === 'open') return null
  return (
    <div class="notice" role="status">
      <Icon name="warning" />
      <p>
        No news from the console: {problem.message}{' '}
        {problem.hint !== undefined && <span class="soft">{problem.hint}</span>}
      </p>
      <button type="button" class="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  )
}
