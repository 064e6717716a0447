/** Acts: asked of the server, told as a toast with the command line that does the same. */
import { signal, useSignal } from '@preact/signals'
import type { Act, ActResult } from '../../protocol.ts'
import { post, Refusal } from './api.ts'
import { followTask, takeTask, tasksOpen } from './tasks.ts'
import { tellProblem, toast, type Undo } from './toasts.ts'

const UNKNOWN = { code: 'INTERNAL', message: 'The act failed.' }

/** Grows with each act, so that what shows messages or nodes can look again. */
export const actsDone = signal(0)

/** Asks the user to type the name of the node; put in by the page's dialogs. */
export const confirmation = { ask: async (_node: string, _why: string): Promise<boolean> => false }

/** The result, or `undefined` after a refusal, which the user has been told. `quiet`: the caller shows the result itself. */
export async function perform(act: Act, { quiet = false } = {}): Promise<ActResult | undefined> {
  try {
    const result = await confirmed(act)
    if (result === undefined) return undefined
    tell(result, quiet, undoOf(act))
    actsDone.value++
    return result.task?.state === 'failed' ? undefined : result
  } catch (error) {
    tellProblem(error)
    return undefined
  }
}

/** One act at a time: what is asked for while another is under way is passed over. */
export function useAct(): { readonly busy: boolean; readonly act: typeof perform } {
  const busy = useSignal(false)
  return {
    busy: busy.value,
    act: async (act, options) => {
      if (busy.peek()) return undefined
      busy.value = true
      const result = await perform(act, options)
      busy.value = false
      return result
    },
  }
}

/** Chosen messages that were moved can be moved back: they keep their ids. */
function undoOf(act: Act): Undo | undefined {
  if (act.act !== 'move' || act.ids === undefined) return undefined
  const { from, to, ids } = act
  const back: Act = { act: 'move', from: to, to: from, ids }
  return { label: 'Move back', run: () => void perform(back) }
}

function tell({ task, done, command }: ActResult, quiet: boolean, undo: Undo | undefined): void {
  if (task?.state === 'running') tasksOpen.value = !quiet
  if (task?.state === 'failed') tellProblem(new Refusal(task.error ?? UNKNOWN, 0))
  if (task !== undefined) {
    if (quiet || task.state === 'failed') takeTask(task)
    else followTask(task, undo)
  } else if (!quiet) toast({ kind: 'done', text: done?.text ?? 'Done', command })
}

/** The server says when it wants the name: for what loses much, and for every act on a broker marked `production`. */
async function confirmed(act: Act): Promise<ActResult | undefined> {
  try {
    return await post<ActResult>('/api/acts', { body: act })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'CONFIRMATION_NEEDED') throw error
    const node = error.confirm ?? changedNode(act)
    if (!(await confirmation.ask(node, error.message))) return undefined
    return post<ActResult>('/api/acts', { body: { ...act, confirm: node } })
  }
}

/** The node that an act changes: its name is what has to be typed. */
function changedNode(act: Act): string {
  if ('from' in act) return (act.act === 'copy' ? act.to : act.from).address
  return act.address
}
