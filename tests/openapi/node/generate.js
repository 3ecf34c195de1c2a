// Makes the types of a client from the document: node generate.js openapi.json schema.d.ts
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const BLOB = ts.factory.createTypeReferenceNode("Blob");
const [source, target] = process.argv.slice(2);
const types = await openapiTS(JSON.parse(readFileSync(source, "utf8")), {
  // As the guide of openapi-typescript does it: bytes are a Blob.
  transform: (schema) => (schema.format === "binary" ? BLOB : undefined),
});
writeFileSync(target, astToString(types));
