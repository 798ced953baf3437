import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { BlobServiceClient } from "@azure/storage-blob";

const s3 = new S3Client({});
const blobs = BlobServiceClient.fromConnectionString(process.env.LIBRARY_BLOBS ?? "");
const orders = blobs.getContainerClient("orders");

export async function putScan(scanId: string, scan: object): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: "library-scans", Key: `${scanId}.json`, Body: JSON.stringify(scan) }));
}

export async function getScan(scanId: string): Promise<unknown> {
  const found = await s3.send(new GetObjectCommand({ Bucket: "library-scans", Key: `${scanId}.json` }));
  return JSON.parse(await found.Body!.transformToString());
}

export async function putOrder(orderId: string, order: object): Promise<void> {
  const body = JSON.stringify(order);
  await orders.getBlockBlobClient(`${orderId}.json`).upload(body, body.length);
}

export async function getOrder(orderId: string): Promise<unknown> {
  return JSON.parse((await orders.getBlobClient(`${orderId}.json`).downloadToBuffer()).toString());
}
