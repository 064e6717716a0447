/** The dead letters of a queue by reason, origin and error; each group can be sent back, after a dry run. */
import { useEffect, useState } from 'preact/hooks'
import type {
  ApiError,
  DeadLetterGroup,
  DeadLettersPage,
  DeadLettersRequest,
  NodeDetail,
} from '../../../protocol.ts'
import { disturbs, mayLook } from '../../parts/ask.tsx'
import { Button } from '../../parts/controls/button.tsx'
import { Empty, Loading, Problem } from '../../parts/problem.tsx'
import { Visible } from '../../parts/visible.tsx'
import { actsDone } from '../../state/acts.ts'
import { brokerPath, post, problemOf } from '../../state/api.ts'
import { mayWrite } from '../../state/session.ts'
import { counted, whole } from '../../text/figures.ts'
import { ReplayDialog } from './replay.tsx'
import { Unlookable } from './unlookable.tsx'

interface Looking {
  readonly page: DeadLettersPage | undefined
  readonly problem: ApiError | undefined
  readonly busy: boolean
  readonly look: () => void
}

/** Looks by itself where that disturbs nobody: at first, and after each act. */
function useDeadLetters(node: NodeDetail): Looking {
  const [page, setPage] = useState<DeadLettersPage>()
  const [problem, setProblem] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const disturb = disturbs(node)

  const look = async () => {
    if (!(await mayLook(node))) return
    setBusy(true)
    try {
      const body: DeadLettersRequest = { address: node.address, ...(disturb && { disturb }) }
      setPage(await post<DeadLettersPage>(brokerPath(node.broker, 'dead-letters'), { body }))
      setProblem(undefined)
    } catch (error) {
      setProblem(problemOf(error))
    }
    setBusy(false)
  }
  useEffect(() => {
    if (node.browse.level === 'native') void look()
  }, [node.broker, node.address, disturb ? 0 : actsDone.value])
  return { page, problem, busy, look: () => void look() }
}

export function DeadLetters({ node }: { readonly node: NodeDetail }) {
  const { page, problem, busy, look } = useDeadLetters(node)
  const [replaying, setReplaying] = useState<DeadLetterGroup | 'all'>()
  if (node.browse.level === 'unsupported') return <Unlookable node={node} />
  const groups = page?.groups ?? []
  return (
    <div class="scroll">
      <div class="bar">
        <Button icon="refresh" busy={busy} onPress={look}>
          {page === undefined ? 'Look' : 'Refresh'}
        </Button>
        {page !== undefined && (
          <span class="soft figures" role="status">
            {counted(page.looked, 'message')} looked at
            {page.others > 0 && `, ${whole(page.others)} of them without a reason`}
          </span>
        )}
        {mayWrite.value && groups.length > 1 && (
          <Button icon="replay" onPress={() => setReplaying('all')}>
            Replay all
          </Button>
        )}
      </div>
      {problem !== undefined && <Problem problem={problem} />}
      {groups.length > 0 ? (
        <Groups groups={groups} onReplay={setReplaying} />
      ) : (
        <None node={node} looked={page !== undefined} busy={busy} />
      )}
      {replaying !== undefined && (
        <ReplayDialog
          node={node}
          group={replaying === 'all' ? undefined : replaying}
          onClose={() => setReplaying(undefined)}
        />
      )}
    </div>
  )
}

interface NoneProps {
  readonly node: NodeDetail
  readonly looked: boolean
  readonly busy: boolean
}

function None({ node, looked, busy }: NoneProps) {
  if (looked) {
    return (
      <Empty icon="check" title="No dead letter here">
        A message that is rejected, expires or fails too often goes to the dead-letter address of its queue,
        with the reason.
      </Empty>
    )
  }
  if (busy) return <Loading what="dead letters" />
  if (!disturbs(node)) return null
  return (
    <Empty icon="warning" title="Looking disturbs this queue">
      {node.browse.reason}
    </Empty>
  )
}

interface GroupsProps {
  readonly groups: readonly DeadLetterGroup[]
  readonly onReplay: (group: DeadLetterGroup) => void
}

function Groups({ groups, onReplay }: GroupsProps) {
  return (
    <table class="plain" aria-label="Dead letters by reason">
      <thead>
        <tr>
          <th scope="col" class="figure">
            Messages
          </th>
          <th scope="col">Reason</th>
          <th scope="col">From</th>
          {mayWrite.value && (
            <th scope="col">
              <span class="sr">Acts</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <Group
            key={`${group.reason}\n${group.origin}\n${group.error}`}
            group={group}
            onReplay={() => onReplay(group)}
          />
        ))}
      </tbody>
    </table>
  )
}

function Group({ group, onReplay }: { readonly group: DeadLetterGroup; readonly onReplay: () => void }) {
  const { count, reason, error, origin } = group
  return (
    <tr>
      <td class="figure">
        <strong>{whole(count)}</strong>
      </td>
      <td>
        <Visible text={reason} limit={300} />
        {error !== undefined && (
          <p class="soft group-error">
            <Visible text={error} limit={300} />
          </p>
        )}
      </td>
      <td>
        {origin === undefined ? (
          <span class="soft">not told</span>
        ) : (
          <code>
            <Visible text={origin} limit={120} />
          </code>
        )}
      </td>
      {mayWrite.value && (
        <td class="figure">
          <Button icon="replay" onPress={onReplay}>
            Replay
          </Button>
        </td>
      )}
    </tr>
  )
}
