"""Receipts in a blob container, copies of loans in a bucket."""

import json
import os


def put_receipt(reader_id: str, receipt_id: str, receipt: dict) -> None:
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient.from_connection_string(os.environ["LIBRARY_BLOBS"])
    blob = service.get_blob_client(container="receipts", blob=f"{reader_id}/{receipt_id}.json")
    blob.upload_blob(json.dumps(receipt), overwrite=True)


def get_receipt(reader_id: str, receipt_id: str) -> dict:
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient.from_connection_string(os.environ["LIBRARY_BLOBS"])
    container = service.get_container_client("receipts")
    return json.loads(container.download_blob(f"{reader_id}/{receipt_id}.json").readall())


def copy_loan(loan_id: int, loan: dict) -> None:
    import boto3

    s3 = boto3.client("s3")
    s3.put_object(Bucket="library-copies", Key=f"loans/{loan_id}.json", Body=json.dumps(loan))


def copied_loan(loan_id: int) -> dict:
    import boto3

    s3 = boto3.client("s3")
    return json.load(s3.get_object(Bucket="library-copies", Key=f"loans/{loan_id}.json")["Body"])
