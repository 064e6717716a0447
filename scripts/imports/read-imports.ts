/** What a TypeScript file imports, and how. */
import ts from 'typescript'

export interface ImportUse {
  readonly specifier: string
  readonly line: number
  /** Gone after compilation: `import type`, `typeof import()` and the like. */
  readonly typeOnly: boolean
  /** Loaded when the line is reached: `import()`. */
  readonly lazy: boolean
}

export function readImports(path: string, text: string): ImportUse[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
  const uses: ImportUse[] = []
  const add = (node: ts.Node, literal: ts.Node | undefined, typeOnly: boolean, lazy: boolean) => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    uses.push({ specifier: literal.text, line, typeOnly, lazy })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnlyImport(node.importClause), false)
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnlyExport(node), false)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false, true)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true, false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return uses
}

function isTypeOnlyImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const { name, namedBindings } = clause
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly)
}

function isTypeOnlyExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true
  const clause = node.exportClause
  if (clause === undefined || !ts.isNamedExports(clause)) return false
  return clause.elements.length > 0 && clause.elements.every((element) => element.isTypeOnly)
}
