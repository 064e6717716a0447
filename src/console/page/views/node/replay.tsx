/** Sends dead letters back: first a dry run that says what would go where, then the same for real. */
import { useEffect, useState } from 'preact/hooks'
import type { Act, ActResult, DeadLetterGroup, NodeDetail } from '../../../protocol.ts'
import { disturbs, mayLook } from '../../parts/ask.tsx'
import { Button } from '../../parts/controls/button.tsx'
import { CommandLine } from '../../parts/controls/copy.tsx'
import { Field, Radios } from '../../parts/controls/field.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Visible } from '../../parts/visible.tsx'
import { useAct } from '../../state/acts.ts'
import { tasks } from '../../state/tasks.ts'
import { counted, whole } from '../../text/figures.ts'

interface ReplayProps {
  readonly node: NodeDetail
  /** Absent: all dead letters of the queue. */
  readonly group: DeadLetterGroup | undefined
  readonly onClose: () => void
}

export function ReplayDialog({ node, group, onClose }: ReplayProps) {
  const noOrigin =
    group !== undefined && group.origin === undefined ? 'Where they came from is not told.' : undefined
  const [where, setWhere] = useState(noOrigin === undefined ? 'origin' : 'other')
  const [to, setTo] = useState('')
  const [limit, setLimit] = useState('')
  const [tried, setTried] = useState<ActResult>()
  const { busy, act } = useAct()
  useEffect(() => setTried(undefined), [where, to, limit])
  // A long dry run goes on as a task, whose end comes with the stream.
  const task = tasks.value.find(({ id }) => id === tried?.task?.id) ?? tried?.task
  const looking = task?.state === 'running'
  const missing = where === 'other' && to.trim() === '' ? 'Say where to first.' : undefined

  const run = async (dryRun: boolean) => {
    if (missing !== undefined || busy) return
    if (dryRun && !(await mayLook(node))) return
    const replay: Act = {
      act: 'replay',
      broker: node.broker,
      address: node.address,
      ...chosenBy(group),
      ...(where === 'other' && { to: to.trim() }),
      ...(limit !== '' && { limit: Number(limit) }),
      ...(dryRun && { dryRun, ...(disturbs(node) && { disturb: true }) }),
    }
    const result = await act(replay, { quiet: dryRun })
    if (dryRun) setTried(result)
    else if (result !== undefined) onClose()
  }
  const [first, then] =
    tried === undefined ? (['primary', 'plain'] as const) : (['plain', 'primary'] as const)
  const untried =
    tried === undefined || looking ? 'Do a dry run first: it says what would happen.' : undefined
  const what = group === undefined ? `all dead letters of ${node.name}` : counted(group.count, 'dead letter')
  return (
    <Dialog
      title={`Replay ${what}`}
      onClose={onClose}
      onSubmit={() => looking || void run(tried === undefined)}
      foot={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind={first} busy={busy} reason={missing} onPress={() => void run(true)}>
            Dry run
          </Button>
          <Button kind={then} icon="replay" busy={busy} reason={untried} onPress={() => void run(false)}>
            Replay
          </Button>
        </>
      }
    >
      {group !== undefined && <GroupLine group={group} />}
      <Radios
        label="Where to"
        value={where}
        onValue={setWhere}
        choices={[
          ['origin', 'Back to where each came from'],
          ['other', 'To another address of this broker'],
        ]}
        reasons={{ origin: noOrigin }}
      />
      {where === 'other' && <Field mono label="Address" value={to} onValue={setTo} placeholder="orders" />}
      <Field type="number" label="At most" value={limit} onValue={setLimit} placeholder="no limit" />
      {tried !== undefined && <Tried tried={tried} task={task} />}
    </Dialog>
  )
}

/** What the dry run found, or how far it is. */
function Tried({ tried, task }: { readonly tried: ActResult; readonly task: ActResult['task'] }) {
  const text =
    task?.state === 'running' ? `Looking … ${whole(task.count)}` : (tried.done?.text ?? task?.text ?? '')
  return (
    <div class="tried" role="status">
      <p>
        <Visible text={text} layout />
      </p>
      <CommandLine command={tried.command} />
    </div>
  )
}

function GroupLine({ group: { reason, origin } }: { readonly group: DeadLetterGroup }) {
  return (
    <p>
      <strong>
        <Visible text={reason} limit={200} />
      </strong>
      {origin !== undefined && (
        <span class="soft">
          {' '}
          from <Visible text={origin} limit={120} />
        </span>
      )}
    </p>
  )
}

/** The dead letters of a group: by reason, origin and the first line of their error, which is what the group has in common. */
function chosenBy(group: DeadLetterGroup | undefined) {
  const line = group?.error?.replace(/["\\]/g, '\\$&')
  return {
    reason: group?.reason,
    origin: group?.origin,
    ...(line !== undefined && { where: `P["sluice-error"] ~ "${line}"` }),
  }
}
