// Bundles the viewer into dist/: `npm install && npm run build`.
import * as esbuild from "esbuild";
import { copyFileSync, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

// The viewer brings readers for two dozen formats; this page needs one, over HTTP.
const conditions = [
  "neuroglancer/datasource:none_by_default",
  "neuroglancer/datasource/precomputed:enabled",
  "neuroglancer/layer:none_by_default",
  "neuroglancer/layer/image:enabled",
  "neuroglancer/layer/segmentation:enabled",
  "neuroglancer/kvstore:none_by_default",
  "neuroglancer/kvstore/http:enabled",
];

// "?raw" behind a file's name means its text, as other bundlers have it. The viewer wants some icons of a package
// that the npm registry has only in an older version, without them: a circle stands in.
const circle = '<svg viewBox="0 0 24 24"><circle cx="12" cy="12" r="6" fill="none" stroke="currentColor"/></svg>';

const rawText = {
  name: "raw-text",
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, ({ path, importer }) => {
      const file = path.replace(/\?raw$/, "");
      const ours = file.startsWith(".") ? resolve(dirname(importer), file) : resolve("node_modules", file);
      return { path: ours, namespace: "raw" };
    });
    build.onLoad({ filter: /.*/, namespace: "raw" }, async ({ path }) => ({
      contents: existsSync(path) || !path.includes("ikonate") ? await readFile(path, "utf8") : circle,
      loader: "text",
    }));
  },
};

const common = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions,
  plugins: [rawText],
  loader: { ".svg": "text", ".wasm": "file", ".png": "file", ".html": "text" },
  logLevel: "warning",
};

// The page starts its workers by these names, relative to itself, and so wants to be at the root of its server.
for (const [name, entry] of [
  ["main", "./main.js"],
  ["chunk_worker.bundle", "./node_modules/neuroglancer/lib/chunk_worker.bundle.js"],
  ["async_computation.bundle", "./node_modules/neuroglancer/lib/async_computation.bundle.js"],
]) {
  await esbuild.build({ ...common, entryPoints: { [name]: entry }, outdir: "dist" });
}
copyFileSync("index.html", "dist/index.html");
