import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";

const schema = buildSchema(readFileSync("../graphql/schema.graphql", "utf8"));
const documents = Object.values(JSON.parse(readFileSync("documents.json", "utf8")) as Record<string, string>);

describe("the documents of the page", () => {
  it.each(documents.map((text) => [/(?:query|mutation|subscription) (\w+)/.exec(text)?.[1], text]))(
    "%s is valid by the reference implementation of GraphQL, which is stricter than the server",
    (_name, text) => {
      expect(validate(schema, parse(text ?? "")).map(({ message }) => message)).toEqual([]);
    },
  );
});
