/**
 * Makes one CommonJS file of each command. Node finds, reads and links every module of an ES module graph one by one before
 * it runs any, which took longer than all that `--help` does; the library stays as it is, loaded when it is needed.
 */
import { join, relative, resolve, sep } from 'node:path'
import { build, type OutputFile, type Plugin } from 'esbuild'

const COMMANDS = ['sluice', 'spout', 'drain']

export interface BundleRequest {
  /** The checkout, or a copy of it. */
  readonly root: string
  /** Folder of the library as JavaScript, one file for each source; the commands go to its `cli/`. */
  readonly library: string
}

/** The files to write. @throws when a command does not build; the messages are on stderr */
export async function bundleCommands({ root, library }: BundleRequest): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    entryPoints: COMMANDS.map((name) => join(root, 'src', 'cli', `${name}.ts`)),
    outdir: join(library, 'cli'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [libraryStaysOutside(join(root, 'src'), library)],
  })
  return outputFiles
}

/** What a command imports lazily from outside its own folder is the library: it is not put into the bundle. */
function libraryStaysOutside(sources: string, library: string): Plugin {
  const own = join(sources, 'cli') + sep
  return {
    name: 'library-stays-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        const source = resolve(resolveDir, path)
        if (kind !== 'dynamic-import' || source.startsWith(own)) return undefined
        const built = join(library, relative(sources, source)).replace(/\.ts$/, '.js')
        const seen = relative(join(library, 'cli'), built).split(sep).join('/')
        return { path: seen, external: true }
      })
    },
  }
}
