"""Objects of buckets: boto3's resources and transfers, Google's storage."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_class_keeps_records_in_a_bucket_by_a_helper_of_its_own(tmp_path: Path) -> None:
    source = """
import json

def key_of(*names):
    return "/".join(names)

class Kiln:
    def __init__(self, bucket, shelf, region=None):
        import boto3
        self.bucket = bucket
        self.shelf = shelf
        self.place = None
        if region is not None:
            self.store = boto3.resource("s3", region_name=region)
        else:
            self.store = boto3.resource("s3")

    def open_batch(self, batch_id):
        if batch_id is None:
            last = 0
            for each in self.batches():
                last = max(last, each)
            batch_id = last + 1
        self.place = key_of(self.shelf, str(batch_id))
        self.keep({"state": "open"}, "batch.json")

    def put(self, key, data):
        self.store.Object(self.bucket, key).put(Body=data)

    def keep(self, value, name):
        self.put(key_of(self.place, name), json.dumps(value))

    def glaze(self, recipe):
        self.keep(recipe, "glaze.json")
"""
    result = audited(tmp_path, {"kiln.py": source})
    assert [row for row in places(result) if row[3] == "call"] == [
        ("kiln.py", 25, "write", "call", "s3://{bucket}/{shelf}/{batch_id}/batch.json"),
        ("kiln.py", 34, "write", "call", "s3://{bucket}/{shelf}/{batch_id}/glaze.json"),
    ]


def test_buckets_and_objects_have_methods_of_their_own(tmp_path: Path) -> None:
    source = """
import json
import boto3
from google.cloud import storage

shelf = boto3.resource("s3").Bucket("pots")
client = boto3.client("s3")
drawer = storage.Client().bucket("tiles")

def pot(pot_id):
    return json.loads(shelf.Object(f"pots/{pot_id}.json").get()["Body"].read())

def fire(pot_id, pot):
    shelf.put_object(Key=f"pots/{pot_id}.json", Body=json.dumps(pot))

def all_pots():
    return [each.key for each in shelf.objects.filter(Prefix="pots/")]

def fetch(pot_id):
    client.download_file("pots", f"pots/{pot_id}.json", "/tmp/pot")
    client.upload_file("/tmp/pot", "pots", f"old/{pot_id}.json")

def tile(tile_id, tile):
    drawer.blob(f"tiles/{tile_id}.json").upload_from_string(json.dumps(tile))
    return json.loads(drawer.blob(f"tiles/{tile_id}.json").download_as_text())
"""
    assert places(audited(tmp_path, {"pots.py": source})) == [
        ("pots.py", 11, "read", "sink", "s3://pots/pots/{pot_id}.json"),
        ("pots.py", 14, "write", "sink", "s3://pots/pots/{pot_id}.json"),
        ("pots.py", 17, "list", "sink", "s3://pots/pots/{pot_id}.json"),
        ("pots.py", 20, "read", "sink", "s3://pots/pots/{pot_id}.json"),
        ("pots.py", 21, "write", "sink", "s3://pots/old/{pot_id}.json"),
        ("pots.py", 24, "write", "sink", "gs://tiles/tiles/{tile_id}.json"),
        ("pots.py", 25, "read", "sink", "gs://tiles/tiles/{tile_id}.json"),
    ]


def test_a_number_is_the_first_of_many(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

class Stall:
    def __init__(self, book):
        self.book = book
        self.stall_id = 0
        self.row = 3

    def find(self):
        for stall_id in self.book:
            return stall_id
        return 0

    def goods(self):
        if self.stall_id == 0:
            self.stall_id = self.find()
        return json.loads(Path("stalls", str(self.stall_id), "goods.json").read_text())

    def fixed(self):
        return json.loads(Path(f"rows/row-{self.row}.json").read_text())
"""
    assert set(templates(audited(tmp_path, {"stall.py": source}))) == {
        "stalls/{stall_id}/goods.json",
        "rows/row-3.json",
    }
