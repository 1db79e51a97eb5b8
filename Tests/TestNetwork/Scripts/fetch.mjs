// HTTP requests by Node's own fetch, which keeps its connections.
//
//     fetch.mjs STEP...
//
// Steps and output as of requests_client.py.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { Readable } from "node:stream";

function optionsFor(verb, file) {
  switch (verb) {
    case "put":
      return { method: "PUT", body: readFileSync(file) };
    case "stream":
      return { method: "PUT", body: Readable.toWeb(createReadStream(file)), duplex: "half" };
    default:
      return { method: verb.toUpperCase() };
  }
}

for (const step of process.argv.slice(2)) {
  const [verb, ...words] = step.split(" ");
  let line;
  try {
    const answer = await fetch(words.at(-1), {
      ...optionsFor(verb, words[0]),
      signal: AbortSignal.timeout(20000),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    line = {
      status: answer.status,
      sha256: createHash("sha256").update(body).digest("hex"),
      bytes: body.length,
      reason: answer.headers.get("x-portarium-deny-reason") ?? "",
      text: body.length < 4096 ? body.toString() : "",
    };
  } catch (error) {
    line = { error: `${error} ${error.cause ?? ""}` };
  }
  console.log(JSON.stringify(line));
}
