// Reads Adaptive Cards from standard input, and says of each what it complains of and what it understood.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { AdaptiveCard, HostConfig, SerializationContext, Version } = createRequire(import.meta.url)(
  "adaptivecards/dist/adaptivecards.js",
);
const teams = new HostConfig({ actions: { maxActions: 6 } }); // the reader's own default is 5

function judged({ card, version }) {
  const context = new SerializationContext(Version.parse(version, new SerializationContext()));
  const read = new AdaptiveCard();
  read.hostConfig = teams;
  read.parse(card, context);
  const complaints = read.validateProperties().validationEvents.map((event) => event.message);
  for (let index = 0; index < context.eventCount; index++) complaints.push(context.getEventAt(index).message);
  return { complaints, card: read.toJSON() };
}

const tasks = JSON.parse(readFileSync(0, "utf8"));
const results = tasks.map((task) => {
  try {
    return { value: judged(task) };
  } catch (error) {
    return { error: String(error) };
  }
});
process.stdout.write(JSON.stringify(results));
