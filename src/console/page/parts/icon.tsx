/** Small drawings of one line, made of elements: no font, no image, nothing inserted as text. */
const PATHS = {
  brokers: 'M3 4.5h10v3H3zM3 9h10v3H3zM5 6h.01M5 10.5h.01',
  nodes: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h7',
  compare: 'M8 2v12M2.5 4.5h3M2.5 8h3M2.5 11.5h3M10.5 4.5h3M10.5 8h3M10.5 11.5h3',
  send: 'M14 2 7 9M14 2 9.5 14 7 9 2 6.5z',
  request: 'M2.5 5h9M9 2.5 11.5 5 9 7.5M13.5 11h-9M7 8.5 4.5 11 7 13.5',
  queue: 'M2.5 3.5h11v9h-11zM6 3.5v9M9.5 3.5v9',
  topic: 'M8 8h.01M5.2 5.2a4 4 0 0 0 0 5.6M10.8 5.2a4 4 0 0 1 0 5.6M3 3a7 7 0 0 0 0 10M13 3a7 7 0 0 1 0 10',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.5 10.5 14 14',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5v3M8 11.5h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 7.5v3.5M8 5h.01',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  move: 'M2.5 8h10M9 4.5 12.5 8 9 11.5',
  trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  stop: 'M4 4h8v8H4z',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M6 6.2c.2-2.6 4-2.2 4 0 0 1.5-2 1.5-2 3M8 11.5h.01',
  tasks: 'M2.5 4.5 4 6l2.5-3M8.5 4.5h5M2.5 11 4 12.5l2.5-3M8.5 11h5',
  menu: 'M2 4h12M2 8h12M2 12h12',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  right: 'M6 3l5 5-5 5',
  left: 'M10 3 5 8l5 5',
  plus: 'M8 3v10M3 8h10',
  link: 'M7 9 9 7M6.5 5.5l2-2a2.8 2.8 0 0 1 4 4l-2 2M9.5 10.5l-2 2a2.8 2.8 0 0 1-4-4l2-2',
  replay: 'M3 8a5 5 0 1 0 1.5-3.5L3 6M3 2.5V6h3.5',
  file: 'M4 1.5h5L12.5 5v9.5H4zM9 1.5V5h3.5',
  lock: 'M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
} as const

export type IconName = keyof typeof PATHS

export function nodeIcon(type: string): IconName {
  return type === 'queue' ? 'queue' : 'topic'
}

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The mark of the product: water held by a gate. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <rect x="1" y="1" width="22" height="22" rx="6" class="mark-ground" />
      <path d="M5 9c2.3-2 4.7-2 7 0s4.7 2 7 0M5 15c2.3-2 4.7-2 7 0s4.7 2 7 0" class="mark-water" />
    </svg>
  )
}
