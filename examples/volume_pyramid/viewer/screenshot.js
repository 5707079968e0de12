// A picture of the page in headless Chromium, which draws WebGL in software:
//   node screenshot.js URL OUT.png [SECONDS]
// Chromium's own --screenshot takes the picture before the viewer's workers have prepared the labels; so it is told
// when, over its debugging pipe.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [url, out, seconds = "20"] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "viewer-"));
const flags =
  "--headless --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic " +
  "--no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars " +
  "--window-size=1400,900 --remote-debugging-pipe";
const browser = spawn("chromium", [...flags.split(" "), `--user-data-dir=${profile}`, "about:blank"], {
  stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
});
const [, , , commands, answers] = browser.stdio;

const waiting = new Map();
let unread = "";
answers.on("data", (data) => {
  const messages = (unread + data).split("\0");
  unread = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    if (message.method === "Runtime.exceptionThrown") console.error(message.params.exceptionDetails.text);
    waiting.get(message.id)?.(message.result ?? message.error);
    waiting.delete(message.id);
  }
});

let last = 0;
function send(method, params = {}, sessionId = undefined) {
  const id = ++last;
  commands.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
  return new Promise((resolve) => waiting.set(id, resolve));
}

const { targetId } = await send("Target.createTarget", { url });
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
await send("Runtime.enable", {}, sessionId);
await new Promise((resolve) => setTimeout(resolve, 1000 * Number(seconds)));
const { data } = await send("Page.captureScreenshot", { format: "png" }, sessionId);
writeFileSync(out, Buffer.from(data, "base64"));
await send("Browser.close");
browser.on("exit", () => {
  rmSync(profile, { recursive: true, force: true });
  process.exit(0);
});
