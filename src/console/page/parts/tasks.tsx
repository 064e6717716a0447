/** Long acts with progress and stop, in a drawer that can be put away. */
import type { TaskView } from '../../protocol.ts'
import { runningTasks, stopTask, tasks, tasksOpen } from '../state/tasks.ts'
import { whole } from '../text/figures.ts'
import { Button } from './controls/button.tsx'
import { CommandLine } from './controls/copy.tsx'
import { Visible } from './visible.tsx'

const WORDS = { running: 'running', done: 'done', stopped: 'stopped', failed: 'failed' } as const

export function Tasks() {
  if (!tasksOpen.value) return null
  return (
    <section class="tasks" aria-label="Tasks">
      <header>
        <h2>Tasks</h2>
        <span class="soft">
          {runningTasks.value.length === 0 ? 'none running' : `${runningTasks.value.length} running`}
        </span>
        <Button
          kind="quiet"
          icon="close"
          label="Close the tasks"
          onPress={() => {
            tasksOpen.value = false
          }}
        />
      </header>
      {tasks.value.length === 0 ? (
        <p class="soft">Copies, moves and replays that take long appear here.</p>
      ) : (
        <ul>
          {tasks.value.map((task) => (
            <Task key={task.id} task={task} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Task({ task }: { readonly task: TaskView }) {
  const { state, text, count, total, error, command } = task
  return (
    <li class={`task ${state}`}>
      <div class="task-head">
        <p>
          <Visible text={text} limit={300} />
        </p>
        {state === 'running' && (
          <Button icon="stop" onPress={() => void stopTask(task.id)}>
            Stop
          </Button>
        )}
      </div>
      <progress
        aria-label={`Progress of ${text}`}
        max={total ?? Math.max(count, 1)}
        value={state === 'running' && total === undefined ? undefined : count}
      />
      <p class="soft figures">
        {WORDS[state]} · {whole(count)}
        {total === undefined ? '' : ` of ${whole(total)}`} messages
      </p>
      {error !== undefined && (
        <p class="bad">
          <Visible text={error.message} limit={600} /> <code class="code">{error.code}</code>
          {error.hint !== undefined && <span class="soft"> {error.hint}</span>}
        </p>
      )}
      <CommandLine command={command} />
    </li>
  )
}
