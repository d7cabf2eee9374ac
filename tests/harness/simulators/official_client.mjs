// Tests the Abyssale simulator with the official Node package `@abyssale/sdk`.
//
// Usage: official_client.mjs FOLDER API_URL API_KEY ADMIN_URL
//
// FOLDER is the folder in which the package is installed. Exits with 0 if the package's client, polling helpers and
// signature verifier accept the simulator, otherwise with 1 after it prints the first mismatch.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, apiUrl, apiKey, adminUrl] = process.argv.slice(2);
if (!adminUrl) {
  console.error("usage: official_client.mjs FOLDER API_URL API_KEY ADMIN_URL");
  process.exit(1);
}
// The package reads its settings when it is loaded.
process.env.ABYSSALE_API_KEY = apiKey;
process.env.ABYSSALE_BASE_URL = apiUrl;
const load = createRequire(join(folder, "package.json"));
const { default: abyssale, AbyssalePollingError } = load("@abyssale/sdk");
const { verifyWebhookSignature, signatureTimestamp } = load("@abyssale/sdk/webhooks");

/** Exits at the first mismatch. */
function assertHolds(holds, what) {
  if (!holds) {
    console.error(`mismatch: ${what}`);
    process.exit(1);
  }
}

function check(holds, what) {
  assertHolds(holds, what);
  console.log(`ok: ${what}`);
}

/** Returns the data of a call, which must succeed. */
async function expectData(call) {
  const { data, error } = await call;
  assertHolds(error === undefined, `the call fails with ${JSON.stringify(error)}`);
  return data;
}

/** Returns the status and the error of a call, which must fail. */
async function expectError(call) {
  const { error, response } = await call;
  assertHolds(error !== undefined, "the call succeeds instead of failing");
  return { status: response.status, ...error };
}

async function admin(method, path, body) {
  const response = await fetch(adminUrl + path, { method, body: body && JSON.stringify(body) });
  assertHolds(response.ok, `${method} ${path} of the Admin endpoint returns ${response.status}`);
  return response.json();
}

async function download(url) {
  const response = await fetch(url);
  assertHolds(response.ok, `the download of ${url} returns ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** The deliveries in order of arrival, each with the exact bytes of its body. */
const deliveries = [];
let arrived = () => {};
const receiver = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    response.end();
    deliveries.push({ body: Buffer.concat(parts), headers: request.headers });
    arrived();
  });
});

/** Waits for the next delivery. */
async function nextDelivery() {
  const deadline = new Promise((_, fail) => setTimeout(() => fail(new Error("timed out waiting for a delivery")), 10_000).unref());
  while (deliveries.length === 0) {
    await Promise.race([new Promise((resolve) => (arrived = resolve)), deadline]);
  }
  return deliveries.shift();
}

async function checkDesigns(designs) {
  check((await expectData(abyssale.verifyApiKey())).company === "Acme Inc.", "auth names the company");
  const listed = await expectData(abyssale.listDesigns({ type: "animated" }));
  check(listed.length === designs.animated.length, "designs are filtered by type");
  const design = await expectData(abyssale.getDesign(designs.static[0].id));
  check(design.formats.map((format) => format.id).join() === designs.static[0].formats.join(), "formats are named");
  const format = await expectData(abyssale.getDesignFormat(designs.static[0].id, "story"));
  check(format.width === 675 && format.design.name === design.name, "a format names its design");
  const unknown = await expectError(abyssale.getDesign("00000000-0000-4000-8000-000000000000"));
  check(unknown.status === 404 && unknown.id === "template_not_found", "an unknown design is template_not_found");
  check((await expectData(abyssale.listFonts())).length > 0, "fonts are listed");
  check((await expectData(abyssale.listProjects())).length > 0, "projects are listed");
}

async function checkGeneration(designs) {
  const design = designs.static[0];
  const body = { template_format_names: ["story", "square"], image_file_type: "png" };
  const accepted = await expectData(abyssale.generateMultiFormatMedia(design.id, body));
  const result = await abyssale.waitForGenerationRequest(accepted.generation_request_id, { intervalMs: 2_000 });
  check(result.banners.map((banner) => banner.format.id).join() === "story,square", "the formats are generated");
  const png = await download(result.banners[0].file.url);
  check(png.subarray(1, 4).toString() === "PNG", "as PNG");
  const pages = { page_1: { headline: { payload: "Hello" } } };
  const document = await expectData(abyssale.generateMultiPagePdf(designs.printer_multipage[0].id, { pages }));
  const made = await abyssale.waitForGenerationRequest(document.generation_request_id, { intervalMs: 2_000 });
  check(made.banners[0].file.type === "pdf", "a document is a PDF");
  return [result.banners[0].id, made.banners[0].id];
}

async function checkFailures(designs) {
  const id = designs.static[0].id;
  await admin("PUT", "/knobs", { generation_latency_seconds: 0 });
  await admin("POST", "/faults", { on: "generation", kind: "format_error", format: "story" });
  let accepted = await expectData(abyssale.generateMultiFormatMedia(id, {}));
  const partial = await abyssale.waitForGenerationRequest(accepted.generation_request_id);
  check(partial.banners.length === 5 && partial.errors[0].template_format_name === "story", "partial success resolves");
  await admin("POST", "/faults", { on: "generation", kind: "format_error" });
  accepted = await expectData(abyssale.generateMultiFormatMedia(id, {}));
  const failed = await abyssale.waitForGenerationRequest(accepted.generation_request_id).catch((error) => error);
  check(failed instanceof AbyssalePollingError, "a generation with errors only is rejected");
  await admin("POST", "/clock/advance", { seconds: 8 * 86_400 });
  const expired = await abyssale.waitForGenerationRequest(accepted.generation_request_id).catch((error) => error);
  check(expired.id === "generation_request_gone", "a request expires after seven days");
  await admin("PUT", "/knobs", { generation_latency_seconds: 3 });
  const invalid = await expectError(abyssale.generateMultiFormatMedia(id, { file_compression_level: 101 }));
  check(invalid.status === 400 && invalid.errors[0].path === "file_compression_level", "an error names the field's path");
  await admin("PUT", "/knobs", { plan_excludes: ["static"] });
  const plan = await expectError(abyssale.generateMultiFormatMedia(id, {}));
  check(plan.status === 429 && plan.id === "feature_not_in_plan", "a 429 for a missing plan feature has its own error id");
  await admin("PUT", "/knobs", { plan_excludes: [] });
}

async function checkRender(designs) {
  const id = designs.static[0].id;
  const banner = await expectData(abyssale.generateImage(id, { elements: {}, template_format_name: "postcard" }));
  check(banner.version === 1 && banner.format.id === "postcard", "a render returns the banner");
  check((await download(banner.file.cdn_url))[0] === 0xff, "which is a JPEG");
  const file = await expectData(abyssale.getFile(banner.id));
  check(file.id === banner.id, "and can be fetched");
  const error = await expectError(abyssale.generateImage(designs.animated[0].id, { elements: {} }));
  check(error.id === "template_not_static", "only static designs are rendered");
}

async function checkDynamicImage(designs) {
  const id = designs.static[0].id;
  const first = await abyssale.createDynamicImageUrl(id, {});
  const second = await abyssale.createDynamicImageUrl(id, {});
  check(first.data.id === second.data.id && second.response.status === 200, "a dynamic image is created once");
  check((await download(first.data.formats[0].dynamic_image_url)).length > 1_000, "and serves an image");
}

async function checkDeliveries(designs, ids, callback) {
  const { secret } = await expectData(abyssale.getSigningSecret());
  const body = { template_format_names: ["story"], callback_url: callback };
  const accepted = await expectData(abyssale.generateMultiFormatMedia(designs.static[0].id, body));
  await admin("POST", "/clock/advance", { seconds: 3 });
  const batch = await nextDelivery();
  const header = batch.headers["x-abyssale-signature"];
  check(verifyWebhookSignature({ body: batch.body, header, secret }), "the official verifier accepts a batch");
  const changed = Buffer.concat([batch.body, Buffer.from(" ")]);
  check(!verifyWebhookSignature({ body: changed, header, secret }), "and rejects a changed body");
  check(Math.abs(signatureTimestamp(header) - Date.now() / 1_000) < 5, "signed with the current timestamp");
  check(JSON.parse(batch.body).id === accepted.generation_request_id, "the batch names its request");
  const requested = await expectData(abyssale.exportBanners({ ids, callback_url: callback }));
  await admin("POST", "/clock/advance", { seconds: 2 });
  const event = JSON.parse((await nextDelivery()).body);
  check(event.export_id === requested.export_id, "the event names the export");
  check((await download(event.archive_url)).subarray(0, 2).toString() === "PK", "whose archive is a ZIP");
}

receiver.listen(0, "127.0.0.1", async () => {
  const callback = `http://127.0.0.1:${receiver.address().port}/hook`;
  await admin("POST", "/reset", {});
  // This script sends more than ten requests a second.
  await admin("PUT", "/knobs", { gateway_per_second: 0, tiers: {} });
  const { designs } = await admin("GET", "/describe");
  await checkDesigns(designs);
  const ids = await checkGeneration(designs);
  await checkFailures(designs);
  await checkRender(designs);
  await checkDynamicImage(designs);
  await checkDeliveries(designs, ids, callback);
  console.log("the simulator passes all checks of the official Node client");
  process.exit(0);
});
