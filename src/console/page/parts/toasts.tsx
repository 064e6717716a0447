/** Short news in the corner, read out as they come. */
import { dismiss, toasts } from '../state/toasts.ts'
import { Button } from './controls/button.tsx'
import { CommandLine } from './controls/copy.tsx'
import { Icon } from './icon.tsx'
import { Prose, Visible } from './visible.tsx'

export function Toasts() {
  return (
    <div class="toasts" role="region" aria-label="News" aria-live="polite">
      {toasts.value.map(({ id, kind, text, code, hint, command, undo }) => (
        <div key={id} class={`toast ${kind}`} role={kind === 'problem' ? 'alert' : undefined}>
          <Icon name={kind === 'problem' ? 'warning' : kind === 'done' ? 'check' : 'info'} />
          <div>
            <p>
              <Visible text={text} limit={600} /> {code !== undefined && <code class="code">{code}</code>}
            </p>
            {hint !== undefined && (
              <p class="soft">
                <Prose text={hint} />
              </p>
            )}
            {undo !== undefined && (
              <Button
                onPress={() => {
                  dismiss(id)
                  undo.run()
                }}
              >
                {undo.label}
              </Button>
            )}
            {command !== undefined && <CommandLine command={command} />}
          </div>
          <Button kind="quiet" icon="close" label="Close this news" onPress={() => dismiss(id)} />
        </div>
      ))}
    </div>
  )
}
