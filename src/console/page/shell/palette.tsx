/** The palette: go to any node of any broker, to any place, or do something with what is open. */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import type { NodeView } from '../../protocol.ts'
import { Icon } from '../parts/icon.tsx'
import { Visible } from '../parts/visible.tsx'
import { brokerNames, isConnected } from '../state/brokers.ts'
import { findNodes, knownNodes } from '../state/nodes.ts'
import { overlay } from './overlay.ts'
import { type Entry, nameIn, nodeEntries, openEntries, placeEntries } from './palette-entries.ts'

const PER_BROKER = 20
const MOST = 60
const PAUSE_MS = 120
/** A node may be made while the palette is open. */
const AGAIN_MS = 1500

export function Palette() {
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const found = useFound(text)
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const close = () => {
    overlay.value = undefined
  }

  useEffect(() => dialog.current?.showModal(), [])

  const entries = useMemo(() => {
    const listed = nodeEntries(text, [...knownNodes.value, ...found])
    return [...placeEntries(text), ...listed.slice(0, MOST), ...openEntries(text, listed)]
  }, [text, found])
  const current = Math.min(active, entries.length - 1)

  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return
    close()
    entry.act()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined && entries.length > 0) {
      event.preventDefault()
      setActive((current + step + entries.length) % entries.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      choose(entries[current])
    }
  }

  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label="Go to a node, or do something"
      onClose={close}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-input">
        <Icon name="search" />
        <NameInput
          list={`${id}-list`}
          active={entries.length === 0 ? undefined : `${id}-${current}`}
          value={text}
          onValue={(value) => {
            setText(value)
            setActive(0)
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <Entries id={id} entries={entries} current={current} onCurrent={setActive} onChoose={choose} />
      {entries.length === 0 && <p class="palette-none soft">Nothing is called that.</p>}
    </dialog>
  )
}

interface NameInputProps {
  /** Ids of the list below it, and of its active entry. */
  readonly list: string
  readonly active: string | undefined
  readonly value: string
  readonly onValue: (value: string) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

function NameInput({ list, active, value, onValue, onKeyDown }: NameInputProps) {
  return (
    <input
      type="text"
      role="combobox"
      aria-expanded="true"
      aria-controls={list}
      aria-activedescendant={active}
      aria-label="Name of a node, or what to do"
      placeholder="Name of a node, or what to do"
      value={value}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => onValue(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  )
}

interface EntriesProps {
  /** Of the palette; the ids of its parts begin with it. */
  readonly id: string
  readonly entries: readonly Entry[]
  readonly current: number
  readonly onCurrent: (index: number) => void
  readonly onChoose: (entry: Entry) => void
}

function Entries({ id, entries, current, onCurrent, onChoose }: EntriesProps) {
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <ul id={`${id}-list`} ref={list} role="listbox" aria-label="Found" class="palette-list">
      {entries.map((entry, index) => (
        <li
          key={entry.id}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === current}
          onClick={() => onChoose(entry)}
          onMouseMove={() => index !== current && onCurrent(index)}
        >
          <Icon name={entry.icon} />
          <span class="palette-text">
            <Visible text={entry.text} limit={120} />
          </span>
          <span class="soft">
            <Visible text={entry.about} limit={60} />
          </span>
        </li>
      ))}
    </ul>
  )
}

/** Nodes of all brokers whose name holds the text; looked for again while the palette is open. */
function useFound(text: string): readonly NodeView[] {
  const [found, setFound] = useState<readonly NodeView[]>([])
  useEffect(() => {
    let left = false
    let timer: ReturnType<typeof setTimeout>
    const look = async () => {
      const asked = brokerNames.peek().filter(isConnected)
      const lists = await Promise.all(
        asked.map((broker) => findNodes(broker, nameIn(text, asked), PER_BROKER).catch(() => [])),
      )
      if (left) return
      setFound(lists.flat())
      timer = setTimeout(() => void look(), AGAIN_MS)
    }
    timer = setTimeout(() => void look(), PAUSE_MS)
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [text])
  return found
}
