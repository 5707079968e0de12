// Bundles the viewer into dist/: `npm install && npm run build`.
import * as esbuild from "esbuild";
import { copyFileSync } from "node:fs";

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

const common = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions,
  loader: { ".svg": "text", ".wasm": "file", ".png": "file", ".html": "text" },
  logLevel: "warning",
};

// The page starts its workers by these two names, relative to itself.
for (const [name, entry] of [
  ["main", "./main.js"],
  ["chunk_worker.bundle", "./node_modules/neuroglancer/lib/chunk_worker.bundle.js"],
  ["async_computation.bundle", "./node_modules/neuroglancer/lib/async_computation.bundle.js"],
]) {
  await esbuild.build({ ...common, entryPoints: { [name]: entry }, outdir: "dist" });
}
copyFileSync("index.html", "dist/index.html");
