/** Keys, the language of filters, and a link for one more browser. */
import { useState } from 'preact/hooks'
import { Button } from '../parts/controls/button.tsx'
import { CopyButton } from '../parts/controls/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { linkForAnother } from '../state/session.ts'
import { tellProblem } from '../state/toasts.ts'
import { EXAMPLES } from '../text/condition.ts'
import { overlay, SHELL_KEYS } from './overlay.ts'

export function Help() {
  const close = () => {
    overlay.value = undefined
  }
  return (
    <Dialog title="Keys and help" wide onClose={close}>
      <div class="help">
        <section>
          <h3>Keys</h3>
          <dl class="keys">
            {SHELL_KEYS.map(([keys, what]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Filter of messages</h3>
          <WhereHelp />
          <h3>Another browser</h3>
          <AnotherBrowser />
        </section>
      </div>
    </Dialog>
  )
}

/** The field language in a few examples. */
function WhereHelp() {
  return (
    <ul class="where-help">
      {EXAMPLES.map(([where, what]) => (
        <li key={where}>
          <code>{where}</code> <span class="soft">{what}</span>
        </li>
      ))}
    </ul>
  )
}

function AnotherBrowser() {
  const [url, setUrl] = useState<string>()
  if (url !== undefined) {
    return (
      <div class="command-line">
        <code>{url}</code>
        <CopyButton text={url} label="Copy the link" />
      </div>
    )
  }
  return (
    <div>
      <p class="soft">The link of the command works once. This makes one more.</p>
      <Button icon="link" onPress={() => void linkForAnother().then(setUrl, tellProblem)}>
        Make a link
      </Button>
    </div>
  )
}
