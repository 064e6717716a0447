/** The reference of the API, from TSDoc: one page for each entry point of the package. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Application, type DeclarationReflection, type ProjectReflection, ReflectionKind } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { ENTRIES } from './entries.ts'

const CHECKOUT = join(import.meta.dirname, '..', '..')

export interface ApiPages {
  /** Text by file name in `docs/api`. */
  readonly pages: ReadonlyMap<string, string>
  /** Public classes and functions without `@example`. */
  readonly withoutExample: readonly string[]
}

/** Takes about 15 s of processor time. */
export async function apiPages(): Promise<ApiPages> {
  const out = mkdtempSync(join(tmpdir(), 'sluice-api-'))
  try {
    const options: PluginOptions = {
      entryFileName: 'README',
      outputFileStrategy: 'modules',
      hideBreadcrumbs: true,
      hidePageHeader: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      classPropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      tableColumnSettings: {
        hideInherited: true,
        hideOverrides: true,
        hideSources: true,
        hideModifiers: true,
      },
    }
    const app = await Application.bootstrapWithPlugins({
      entryPoints: [...ENTRIES.keys()].map((file) => join(CHECKOUT, file)),
      tsconfig: join(import.meta.dirname, 'tsconfig.api.json'),
      plugin: ['typedoc-plugin-markdown'],
      name: 'Reference of the API',
      readme: 'none',
      disableSources: true,
      excludeExternals: true,
      excludeInternal: true,
      excludePrivate: true,
      // `npm run typecheck` finds them.
      skipErrorChecking: true,
      logLevel: 'Error',
      outputs: [{ name: 'markdown', path: out }],
      ...options,
    })
    const project = await app.convert()
    if (!project) throw new Error('typedoc could not read the entry points')
    for (const entry of project.children ?? []) entry.name = nameOf(entry)
    await app.generateOutputs(project)
    return { pages: pagesIn(out), withoutExample: withoutExample(project) }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** typedoc names an entry point by its path. */
function nameOf({ name }: DeclarationReflection): string {
  const entry = ENTRIES.get(`${name}.ts`) ?? ENTRIES.get(`${name}/index.ts`)
  if (entry === undefined) throw new Error(`${name} is no entry point`)
  return entry.replace('/', '-')
}

function pagesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

function withoutExample(project: ProjectReflection): string[] {
  const missing: string[] = []
  for (const entry of project.children ?? [])
    for (const item of entry.children ?? []) {
      if (!item.kindOf([ReflectionKind.Class, ReflectionKind.Function])) continue
      const comments = [item.comment, ...(item.signatures ?? []).map(({ comment }) => comment)]
      if (!comments.some((comment) => comment?.blockTags.some(({ tag }) => tag === '@example')))
        missing.push(`${entry.name}: ${item.name}`)
    }
  return missing
}
