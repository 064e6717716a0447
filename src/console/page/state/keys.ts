/** Keys: each view tells which it answers to while it is shown; the view shown last comes first. */
import { useEffect, useRef } from 'preact/hooks'

type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>

const maps: { current: KeyMap }[] = []

/** Answers to these keys while the component is there. Names as `KeyboardEvent.key`, with `mod+` for Ctrl or ⌘. */
export function useKeys(map: KeyMap): void {
  const entry = useRef(map)
  entry.current = map
  useEffect(() => {
    maps.push(entry)
    return () => {
      maps.splice(maps.indexOf(entry), 1)
    }
  }, [])
}

export function followKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return
    const mod = event.ctrlKey || event.metaKey
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key
    // A dialog has the keys to itself; letters belong to whoever is typing.
    if (!mod && (isTyping(event.target) || document.querySelector('dialog[open]') !== null)) return
    for (const { current } of [...maps].reverse()) {
      const act = current[key]
      if (act === undefined) continue
      event.preventDefault()
      act(event)
      return
    }
  })
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')
  )
}
