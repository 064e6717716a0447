/** Acts that take long: they go on by themselves, tell how far they are, and end when they are told to, after the message at hand. */
import { randomUUID } from 'node:crypto'
import { apiError, Refused } from '../errors.ts'
import type { TaskView } from '../protocol.ts'

const MAX_RUNNING = 8
/** That have ended, and are still shown. */
const MAX_ENDED = 50
/** Between two words of how far it is. Unit: ms. */
const TELL_EVERY_MS = 250

/** What a running task tells of itself. */
export interface Progress {
  /** Messages handled. */
  count: number
  total?: number | undefined
  /** Ends the task. */
  readonly signal: AbortSignal
}

export interface Task {
  readonly view: TaskView
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<TaskView>
}

interface Running extends Task {
  view: TaskView
  readonly stop: AbortController
}

export class Tasks {
  readonly #tell: (view: TaskView) => void
  readonly #failed: (view: TaskView, error: unknown) => void
  readonly #tasks = new Map<string, Running>()
  #closed = false

  /** @param failed told of an error that ended a task, for the log */
  constructor(tell: (view: TaskView) => void, failed: (view: TaskView, error: unknown) => void) {
    this.#tell = tell
    this.#failed = failed
  }

  get views(): TaskView[] {
    return [...this.#tasks.values()].map(({ view }) => view)
  }

  /**
   * @param work resolves to what it did, in words
   * @throws Refused (429) when too many run
   */
  start(
    about: Pick<TaskView, 'act' | 'text' | 'command'>,
    work: (progress: Progress) => Promise<string>,
  ): Task {
    const running = [...this.#tasks.values()].filter(({ view }) => view.state === 'running')
    if (running.length >= MAX_RUNNING || this.#closed)
      throw new Refused(429, 'TOO_MANY', 'Too many tasks run already', { hint: 'Wait for one, or stop it.' })
    const stop = new AbortController()
    const progress: Progress = { count: 0, signal: stop.signal }
    const view: TaskView = {
      id: randomUUID(),
      ...about,
      state: 'running',
      count: 0,
      startedAt: Date.now(),
    }
    const task: Running = { view, stop, ended: Promise.resolve(view) }
    this.#tasks.set(view.id, task)
    this.#forget()
    const ended = this.#run(task, progress, work)
    Object.assign(task, { ended })
    return task
  }

  /** @throws Refused (404) */
  stop(id: string): TaskView {
    const task = this.#tasks.get(id)
    if (!task) throw new Refused(404, 'NOT_FOUND', 'There is no such task')
    task.stop.abort()
    return task.view
  }

  /** Resolves when all have ended. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { stop } of this.#tasks.values()) stop.abort()
    await Promise.all([...this.#tasks.values()].map(({ ended }) => ended))
  }

  async #run(
    task: Running,
    progress: Progress,
    work: (progress: Progress) => Promise<string>,
  ): Promise<TaskView> {
    const change = (view: Partial<TaskView>): void => {
      task.view = { ...task.view, count: progress.count, total: progress.total, ...view }
      this.#tell(task.view)
    }
    this.#tell(task.view)
    const timer = setInterval(() => {
      if (progress.count !== task.view.count || progress.total !== task.view.total) change({})
    }, TELL_EVERY_MS)
    try {
      const text = await work(progress)
      change({ state: progress.signal.aborted ? 'stopped' : 'done', text })
    } catch (error) {
      const stopped = progress.signal.aborted && (error as { code?: unknown })?.code === 'ABORTED'
      change(stopped ? { state: 'stopped' } : { state: 'failed', error: apiError(error) })
      if (!stopped) this.#failed(task.view, error)
    } finally {
      clearInterval(timer)
    }
    return task.view
  }

  #forget(): void {
    const ended = [...this.#tasks.values()].filter(({ view }) => view.state !== 'running')
    for (const { view } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#tasks.delete(view.id)
  }
}
