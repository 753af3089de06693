// Holds docs/openapi.json to the recommended rules of Spectral. Nothing that it finds may stay.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import core from "@stoplight/spectral-core";
import functions from "@stoplight/spectral-functions";
import parsers from "@stoplight/spectral-parsers";
import rulesets from "@stoplight/spectral-rulesets";

const rules = {
  // Whoever runs a replica is asked, and the document cannot know them.
  "info-contact": "off",
  // Each operation has a summary, which says all there is to say where no description adds to it.
  "operation-description": "off",
  "operation-summary": {
    given: "$.paths[*][get,put,post,delete]",
    // biome-ignore lint/suspicious/noThenProperty: rules of Spectral have this form, and nobody awaits them
    then: { field: "summary", function: functions.truthy },
  },
};

const file = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));
const spectral = new core.Spectral();
spectral.setRuleset({ extends: [[rulesets.oas, "recommended"]], rules });
const found = await spectral.run(new core.Document(readFileSync(file, "utf8"), parsers.Json, file));
for (const { code, message, path, range } of found) {
  const place = `docs/openapi.json:${range.start.line + 1}`;
  process.stderr.write(`${place}: ${code}: ${message} (${path.join(".")})\n`);
}
process.exitCode = found.length === 0 ? 0 : 1;
