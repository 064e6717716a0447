/** Long acts: those that go on, and what became of the others. */
import { computed, signal } from '@preact/signals'
import type { TasksView, TaskView } from '../../protocol.ts'
import { get, post } from './api.ts'
import { listen } from './live/stream.ts'
import { tellProblem, toast, type Undo } from './toasts.ts'

const KEPT = 30

export const tasks = signal<readonly TaskView[]>([])
export const tasksOpen = signal(false)
export const runningTasks = computed(() => tasks.value.filter((task) => task.state === 'running'))

/** Tasks of this tab, whose end is told, and how what they did is taken back. */
const followed = new Map<string, Undo | undefined>()

/** Keeps what is known of a task. An end stays an end: events and answers may cross. */
export function takeTask(task: TaskView): void {
  const known = tasks.peek().find((one) => one.id === task.id)
  if (known !== undefined && known.state !== 'running' && task.state === 'running') return
  const others = tasks.peek().filter((one) => one.id !== task.id)
  tasks.value = [task, ...others].sort((a, b) => b.startedAt - a.startedAt).slice(0, KEPT)
  tellEndOf(task)
}

/** Tells the end of this task, when it comes or at once if it is there. */
export function followTask(task: TaskView, undo?: Undo): void {
  followed.set(task.id, undo)
  takeTask(task)
  const known = tasks.peek().find((one) => one.id === task.id)
  if (known !== undefined) tellEndOf(known)
}

export function followTasks(): () => void {
  void get<TasksView>('/api/tasks').then(
    ({ tasks }) => tasks.forEach(takeTask),
    () => {},
  )
  return listen((event) => {
    if (event.event === 'task') takeTask(event.task)
  })
}

export async function stopTask(id: string): Promise<void> {
  await post(`/api/tasks/${encodeURIComponent(id)}/stop`).catch(tellProblem)
}

function tellEndOf(task: TaskView): void {
  if (task.state === 'running' || !followed.has(task.id)) return
  const undo = followed.get(task.id)
  followed.delete(task.id)
  tellEnd(task, task.count > 0 ? undo : undefined)
}

function tellEnd({ state, text, count, error, command }: TaskView, undo: Undo | undefined): void {
  const figure = `${count.toLocaleString('en')} message${count === 1 ? '' : 's'}`
  if (state === 'failed')
    toast({ kind: 'problem', text: error?.message ?? text, code: error?.code, hint: error?.hint })
  else
    toast({
      kind: 'done',
      text: `${text}: ${state === 'stopped' ? 'stopped after' : 'done,'} ${figure}`,
      command,
      undo,
    })
}
