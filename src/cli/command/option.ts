/** An option in the manner of Python's optparse: `-c 5`, `-c5`, `--count 5`, `--count=5`, unique beginnings of long names. */
export interface Option {
  /** Long name without dashes; the key of its value. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly kind: 'flag' | 'text' | 'integer' | 'number' | 'list'
  /** What stands for the value in the help; a flag has none. */
  readonly metavar?: string
  readonly help: string
  /** Text and numbers only; shown in the help. */
  readonly fallback?: string | number
  /** One of the Python original: goes before ours when a cut long name fits several. */
  readonly original?: true
  /** Values a `text` option may have. */
  readonly choices?: readonly string[]
  /** Numbers only. */
  readonly least?: number
}

type More = Pick<Option, 'fallback' | 'original' | 'choices' | 'least'>

/** `spec` as the help shows it: `'-t, --timeout SECONDS'`; without a value `'--json'`. */
function option(kind: Option['kind'], spec: string, help: string, more: More = {}): Option {
  const [, short, name, metavar] = /^(?:-(\w), )?--([\w-]+)(?: (.+))?$/.exec(spec)!
  return {
    name: name!,
    kind,
    help,
    ...(short !== undefined && { short }),
    ...(metavar !== undefined && { metavar }),
    ...more,
  }
}

export const flag = (spec: string, help: string): Option => option('flag', spec, help)
export const text = (spec: string, help: string, more?: More): Option => option('text', spec, help, more)
export const integer = (spec: string, help: string, more?: More): Option =>
  option('integer', spec, help, more)
export const number = (spec: string, help: string, more?: More): Option => option('number', spec, help, more)
/** May be repeated. */
export const list = (spec: string, help: string): Option => option('list', spec, help)
