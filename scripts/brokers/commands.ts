/** Runs other programs and looks for them. */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** Resolves to what it wrote to stdout; rejects with the end of all output when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
    })
    let output = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else
        reject(
          new Error(`${command} ${args[0] ?? ''} ended with ${code ?? signal}: ${all.trim().slice(-600)}`),
        )
    })
  })
}

/** Full path of a program on `PATH`, or in the folders given, which come last. */
export function find(program: string, ...folders: string[]): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...folders]) {
    if (folder === '') continue
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return undefined
}

/** The folder `child` of each version folder `prefix…` in `parent`, the newest version last. */
export function findVersions(parent: string, prefix: string, child: string): string[] {
  let names: string[]
  try {
    names = readdirSync(parent)
  } catch {
    return []
  }
  return names
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(parent, name, child))
    .filter((path) => existsSync(path))
}
