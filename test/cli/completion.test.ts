/** Completion scripts, read by the shells themselves where they are installed. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERBS } from '../../src/cli/verbs.ts'
import { uniqueName } from '../support/names.ts'
import { Commands } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

const script = async (shell: string): Promise<string> =>
  (await commands.run('sluice', 'completion', shell)).text

describe('every shell', () => {
  it.each(['bash', 'zsh', 'fish'])('%s knows every command and option', async (shell) => {
    const text = await script(shell)
    for (const name of Object.keys(VERBS)) expect(text).toContain(name)
    expect(text).toContain('content-stdin')
  })

  it('another one is wrong usage', async () => {
    expect((await commands.run('sluice', 'completion', 'tcsh')).code).toBe(2)
  })

  it.each(
    // Reason of a leaving out: the shell is not installed here.
    ['bash', 'zsh', 'fish'].filter((shell) => spawnSync(shell, ['--version']).status === 0),
  )('%s reads its script', async (shell) => {
    const file = join(commands.scratch, `completion.${shell}`)
    writeFileSync(file, await script(shell))
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe('bash completes', () => {
  const trap = join(commands.scratch, uniqueName('trap'))
  const NODES = ['orders', 'orders.failed', 'news', `$(touch ${trap})`, '`id`', "two words'", '*']
  let bash: string

  beforeAll(async () => {
    bash = await script('bash')
  })

  /** What bash offers for the last of the words. */
  function offers(...words: string[]): string[] {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const names = NODES.map((name) => `'${name.replaceAll("'", "'\\''")}'`).join(' ')
    const program = `${bash}
sluice() { [ "$*" = 'list --names' ] && printf '%s\\n' ${names}; }
COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
_sluice ${words[0]}
[ "\${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr, status } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    return stdout.split('\n').slice(0, -1)
  }

  it('commands and options', () => {
    expect(offers('sluice', 'br')).toEqual(['browse', 'bridge'])
    expect(offers('sluice', 'drain', '--rec')).toEqual([
      '--reconnect',
      '--reconnect-interval',
      '--reconnect-limit',
      '--receive-rate',
    ])
    expect(offers('drain', '--cou')).toEqual(['--count'])
    expect(offers('sluice', 'help', 'com')).toEqual(['compare', 'completion'])
    expect(offers('sluice', 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })

  it('names of nodes, and runs nothing that a name holds', () => {
    expect(offers('sluice', 'browse', 'ord')).toEqual(['orders', 'orders.failed'])
    expect(offers('drain', 'n')).toEqual(['news'])
    expect(offers('sluice', 'purge', '')).toHaveLength(NODES.length)
    expect(offers('sluice', 'purge', 'tw')).toEqual(["two\\ words\\'"])
    expect(spawnSync('test', ['-e', trap]).status).toBe(1)
  })
})
