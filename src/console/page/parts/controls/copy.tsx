/** Copying: a button that says that it has, and the command line that does the same as an act. */
import { useState } from 'preact/hooks'
import { Visible } from '../visible.tsx'
import { Button } from './button.tsx'

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard?.writeText(text).catch(() => {})
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <Button
      kind="quiet"
      icon={copied ? 'check' : 'copy'}
      label={copied ? 'Copied' : label}
      onPress={() => void copy()}
    />
  )
}

/** “Same as”: teaches the tools beside the page. */
export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div class="command-line">
      <span class="soft">Same as</span>
      <code>
        {command.split(' ').map((word, index) => (
          <>
            {index > 0 && ' '}
            <span class="word">
              <Visible text={word} />
            </span>
          </>
        ))}
      </code>
      <CopyButton text={command} label="Copy the command" />
    </div>
  )
}
