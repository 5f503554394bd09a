// Reads a JSON array of tasks from standard input, does each, and writes the array of results.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhooks } from "@octokit/webhooks";
import { Webhook } from "standardwebhooks";

const kept = new Map();
const once = (key, make) => kept.get(key) ?? kept.set(key, make()).get(key);

const operations = {
  "standard.verify": ({ secret, headers, body }) =>
    once(`standard ${secret}`, () => new Webhook(secret)).verify(body, headers),

  "standard.sign": ({ secret, id, time, body }) => new Webhook(secret).sign(id, new Date(time * 1000), body),

  "github.receive": async ({ secrets: [secret, ...additionalSecrets], headers, body }) => {
    const webhooks = new Webhooks({ secret, additionalSecrets, log: { error() {}, warn() {}, info() {}, debug() {} } });
    let received;
    webhooks.onAny((event) => void (received = event));
    await webhooks.verifyAndReceive({
      id: headers["x-github-delivery"],
      name: headers["x-github-event"],
      signature: headers["x-hub-signature-256"],
      payload: body,
    });
    return { id: received.id, name: received.name, payload: received.payload };
  },

  "github.sign": ({ secret, body }) => new Webhooks({ secret }).sign(body),

  // No package checks `v1a` yet, so this does what the specification says with Node's own cryptography.
  "ed25519.verify": ({ secret, headers, body }) => {
    const raw = Buffer.from(secret.slice("whpk_".length), "base64");
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    const signatures = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
    if (!signatures.some((one) => verify(null, content, key, Buffer.from(one.slice(4), "base64"))))
      throw new Error("No matching signature found");
    return true;
  },
};

const results = [];
for (const task of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    results.push({ value: (await operations[task.do](task)) ?? null });
  } catch (error) {
    results.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(results));
