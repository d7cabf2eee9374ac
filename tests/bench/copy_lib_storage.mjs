// Copies a URL to an S3 object with @aws-sdk/lib-storage: URL ENDPOINT bucket/key.

import https from "node:https";

import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

const [url, endpoint, target] = process.argv.slice(2);
const [Bucket, ...rest] = target.split("/");
const Body = await new Promise((resolve, reject) => https.get(url, resolve).on("error", reject));
if (Body.statusCode !== 200) throw new Error(`HTTP ${Body.statusCode}`);
const client = new S3Client({ endpoint, forcePathStyle: true });
await new Upload({ client, params: { Bucket, Key: rest.join("/"), Body } }).done();
