/** `sluice completion`: what a shell needs to complete commands, options and the names of nodes. */
import type { Command } from '../command/command.ts'
import { UsageError } from '../command/errors.ts'
import { HELP } from '../command/help.ts'
import { expectOnly } from '../command/positionals.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Verbs whose arguments are nodes of the broker. */
const TAKES_NODES = [
  'spout',
  'drain',
  'browse',
  'tap',
  'request',
  'delete',
  'bind',
  'inspect',
  'purge',
  'replay',
]

/** A command as the list of verbs knows it. */
export interface NamedCommand extends Command {
  readonly name: string
  /** One line for that list. */
  readonly summary: string
}

/** `loadAll`: all commands, this one included. */
export function completionOf(loadAll: () => Promise<readonly NamedCommand[]>): Command {
  return {
    usage: 'bash|zsh|fish',
    description:
      'Print the completion script of the shell. Names of nodes are asked of the broker that SLUICE_URL or sluice.config names.',
    options: [],
    examples: [
      ['eval "$(sluice completion bash)"', 'in ~/.bashrc'],
      ['sluice completion zsh > ~/.zfunc/_sluice', 'zsh, in a folder of $fpath'],
      ['sluice completion fish > ~/.config/fish/completions/sluice.fish', 'fish'],
    ],
    async run({ args, out }) {
      expectOnly(args, 'SHELL')
      const [shell] = args.positionals
      const commands = await loadAll()
      if (shell === 'bash') await out.line(bash(commands))
      else if (shell === 'zsh') await out.line(zsh(commands))
      else if (shell === 'fish') await out.line(fish(commands))
      else throw new UsageError(`one of ${SHELLS.join(', ')} is required`)
      return 0
    },
  }
}

function words({ options }: Command): string {
  return [...options, HELP]
    .flatMap(({ name, short }) => (short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`]))
    .join(' ')
}

/** Valued options, so that their value is not taken for a command's argument. */
function bash(commands: readonly NamedCommand[]): string {
  const cases = commands.map(
    (command) =>
      `    ${command.name}) options="${command.name === 'completion' ? SHELLS.join(' ') : words(command)}"; nodes=${TAKES_NODES.includes(command.name) ? 1 : 0} ;;`,
  )
  return `# Completion of sluice, spout and drain for bash.
_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb options="" nodes=0
  if [ "$1" = sluice ]; then
    if [ "$COMP_CWORD" -eq 1 ]; then
      COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} help --help --version" -- "$current"))
      return
    fi
    verb="\${COMP_WORDS[1]}"
  else
    verb="$1"
  fi
  case "$verb" in
${cases.join('\n')}
    help) options="${commands.map(({ name }) => name).join(' ')}" ;;
  esac
  if [ "$verb" = help ] || [ "$verb" = completion ] || [ "\${current#-}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ "$nodes" = 1 ]; then
    # Not by compgen -W, which would run what a name holds.
    local name
    COMPREPLY=()
    while IFS= read -r name; do
      case "$name" in "$current"*) COMPREPLY+=("$(printf %q "$name")") ;; esac
    done < <(sluice list --names 2>/dev/null)
  fi
}
complete -o default -F _sluice sluice spout drain`
}

function zsh(commands: readonly NamedCommand[]): string {
  const describe = ({ name, summary }: NamedCommand): string => `    '${name}:${quoted(summary)}'`
  const cases = commands.map((command) => {
    const specs = [...command.options, HELP].map(
      ({ name, kind, help }) =>
        `'--${name}${kind === 'flag' ? '' : '='}[${quoted(help).replace(/[[\]:]/g, ' ')}]'`,
    )
    const rest = TAKES_NODES.includes(command.name) ? " '*:node:_sluice_nodes'" : " '*::'"
    return `    ${command.name}) _arguments -s ${specs.join(' ')}${rest} ;;`
  })
  return `#compdef sluice spout drain
# Completion of sluice, spout and drain for zsh.
_sluice_nodes() {
  local -a nodes
  nodes=(\${(f)"$(sluice list --names 2>/dev/null)"})
  compadd -a nodes
}
_sluice() {
  local verb="$service"
  if [[ "$service" = sluice ]]; then
    if (( CURRENT == 2 )); then
      local -a commands
      commands=(
${commands.map(describe).join('\n')}
      )
      _describe command commands
      return
    fi
    verb="\${words[2]}"
    shift words
    (( CURRENT-- ))
  fi
  case "$verb" in
${cases.join('\n')}
  esac
}
_sluice "$@"`
}

function fish(commands: readonly NamedCommand[]): string {
  const lines = ['# Completion of sluice, spout and drain for fish.']
  for (const command of commands) {
    const { name, summary } = command
    lines.push(`complete -c sluice -f -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`)
    const places = [`-c sluice -n '__fish_seen_subcommand_from ${name}'`]
    if (name === 'spout' || name === 'drain') places.push(`-c ${name}`)
    for (const place of places) {
      for (const option of [...command.options, HELP]) {
        const short = option.short === undefined ? '' : ` -s ${option.short}`
        const value = option.kind === 'flag' ? '' : ' -r'
        lines.push(`complete ${place}${short} -l ${option.name}${value} -d '${quoted(option.help)}'`)
      }
      if (TAKES_NODES.includes(name))
        lines.push(`complete ${place} -f -a '(sluice list --names 2>/dev/null)'`)
    }
  }
  return lines.join('\n')
}

/** Inside single quotes of every shell. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').split(/[;\n]/)[0]!
}
