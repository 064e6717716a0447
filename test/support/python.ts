/** Foreign clients in Python, which share no code with this library. `SLUICE_PYTHON` names another interpreter. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const CANDIDATES = process.env.SLUICE_PYTHON ? [process.env.SLUICE_PYTHON] : ['python3', '/usr/bin/python3']

export interface PythonClient {
  /** Runs a script; resolves to what it printed. */
  run(script: string, ...args: string[]): Promise<string>
  /** Why its tests are left out, to be shown in their titles; empty: it is there. */
  readonly absent: string
}

/** A Python that has the package `module`; npm test installs those that tests ask for. */
export function pythonClient(module: string): PythonClient {
  const python = CANDIDATES.find((each) => spawnSync(each, ['-c', `import ${module}`]).status === 0)
  return {
    run: async (...args) => (await promisify(execFile)(python!, args)).stdout,
    absent: python ? '' : ` (skipped: ${CANDIDATES.join(' and ')} have no ${module})`,
  }
}
