/** An option in the manner of Python's optparse: `-c 5`, `-c5`, `--count 5`, `--count=5`, unique beginnings of long names. */
export interface Option {
  /** Long name without dashes; the key of its value. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly kind: 'flag' | 'text' | 'integer' | 'number' | 'list'
  /** What stands for the value in the help. Default: the name in capitals. */
  readonly metavar?: string
  readonly help: string
  /** Text and numbers only; shown in the help. */
  readonly fallback?: string | number
  /** One of the Python original: goes before ours when a cut long name fits several. */
  readonly original?: true
  /** Values a `text` option may have. */
  readonly choices?: readonly string[]
}
