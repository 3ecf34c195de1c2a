// Submits, waits and downloads by a generated client: node client.js URL photo.jpg photo.webp
import { readFileSync, writeFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [baseUrl, source, target] = process.argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl });

function toForm(fields: components["schemas"]["JobForm"]): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    value instanceof Blob ? form.append(name, value, source) : form.append(name, String(value));
  }
  return form;
}

const file = new Blob([readFileSync(source)]);
const submitted = await api.POST("/v1/jobs", {
  body: { file, target_format: "webp", quality: 80, width: 64 },
  bodySerializer: toForm,
});
if (!submitted.data) throw new Error(submitted.error.detail);

const path = { job_id: submitted.data.id };
let job: components["schemas"]["JobAnswer"] = submitted.data;
while (job.status === "queued" || job.status === "processing") {
  const { data, error } = await api.GET("/v1/jobs/{job_id}", { params: { path, query: { wait: 60 } } });
  if (!data) throw new Error(error.detail);
  job = data;
}

const { data: bytes, error } = await api.GET("/v1/jobs/{job_id}/result", { params: { path }, parseAs: "blob" });
if (!bytes) throw new Error(error?.detail);
writeFileSync(target, new Uint8Array(await bytes.arrayBuffer()));

const refused = await api.POST("/v1/jobs", { body: { file, target_format: "png", quality: 1 }, bodySerializer: toForm });
console.log(JSON.stringify({ status: job.status, width: job.result?.width, refused: refused.error?.code }));
