// Formats the Jinja templates (`make format`), or says which are not formatted (`--check`, in `make lint`).
// White space that a reader would see is left as it is. Lines longer than WIDTH are refused: the formatter cannot break
// a long sentence or address, so a person does.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFromBuffer } from "@dprint/formatter";

const WIDTH = 120;
const FOLDERS = ["interagency/templates", "deploy/pages"];
const PLUGIN = new URL("../../node_modules/dprint-plugin-markup/plugin.wasm", import.meta.url);

const isCheck = process.argv.includes("--check");
const formatter = createFromBuffer(readFileSync(PLUGIN));
formatter.setConfig(
  { lineWidth: WIDTH, indentWidth: 2 },
  { whitespaceSensitivity: "css", doctypeKeywordCase: "lower" },
);

const templatesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return templatesIn(path);
    return entry.name.endsWith(".html") ? [path] : [];
  });

let problems = 0;
const complain = (sentence) => {
  console.error(sentence);
  problems += 1;
};

for (const path of FOLDERS.flatMap(templatesIn)) {
  const before = readFileSync(path, "utf8");
  let after = before;
  try {
    // The plugin knows the language by the name's end; ours end in .html so that Flask escapes what they show.
    after = formatter.formatText({ filePath: path.replace(/\.html$/, ".jinja"), fileText: before });
  } catch (error) {
    complain(`${path}: ${error.message ?? error}`);
  }
  if (after !== before) {
    if (isCheck) complain(`${path}: not formatted; run make format`);
    else writeFileSync(path, after);
  }
  after.split("\n").forEach((line, index) => {
    if ([...line].length > WIDTH) complain(`${path}:${index + 1}: longer than ${WIDTH} signs`);
  });
}
process.exitCode = problems ? 1 : 0;
