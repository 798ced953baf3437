"""Buckets and their objects: boto3's resources, transfers of its clients, Google's storage."""

from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.values import Handle, Hole, Mapping, Text, Value, as_texts, text

_RESOURCES = ("resource().", "resource.")
_OBJECTS = ("Object", "ObjectSummary")
_GOOGLE = ("google.cloud.storage", "@google-cloud/storage", "firebase_admin.storage", "gcs")
# Methods of one object: what they do to it.
_METHODS = {
    "put": "write",
    "upload_file": "write",
    "upload_fileobj": "write",
    "get": "read",
    "download_file": "read",
    "download_fileobj": "read",
    "delete": "delete",
    "load": "exists",
    "upload_from_string": "write",
    "upload_from_file": "write",
    "upload_from_filename": "write",
    "download_as_string": "read",
    "download_as_bytes": "read",
    "download_as_text": "read",
    "download_to_filename": "read",
    "download_to_file": "read",
    "exists": "exists",
    "save": "write",
    "download": "read",
}
# Methods that are told the key: at which position it stands.
_KEYED = {
    "put_object": 9,
    "upload_file": 1,
    "upload_fileobj": 1,
    "download_file": 0,
    "download_fileobj": 0,
}
_LISTING = ("filter", "all", "list_blobs", "getFiles")
CONTENT = ("Body", "data")


def function(name: str, a: Arguments) -> Value | None:
    """Return a bucket or an object, if a library's function makes one."""
    of, _, last = name.rpartition(".")
    if last in _OBJECTS and f"{of}.".endswith(_RESOURCES):
        bucket = _bucket("s3", a.at(0, "bucket_name"))
        return _object(bucket, a.at(1, "key"), _name(a, 1, "key"))
    if last == "Bucket" and f"{of}.".endswith(_RESOURCES):
        return _bucket("s3", a.at(0, "name"))
    if last in ("bucket", "get_bucket") and of.startswith(_GOOGLE):
        return _bucket("gs", a.at(0, "bucket_name", "name"))
    return None


def transfer(name: str, a: Arguments) -> tuple[str, Text] | None:
    """Return the operation and path of a client's call that takes a file, a bucket and a key."""
    of, _, last = name.rpartition(".")
    position = _KEYED.get(last, 9)
    if position > 1 or "client()" not in of or len(a.args) + len(a.named) < 3:
        return None
    handle = _bucket("s3", a.at(position, "Bucket"))
    where = _object(handle, a.at(position + 1, "Key"), _name(a, position + 1, "key"))
    return _METHODS[last], where.path


def method(of: Handle, name: str, a: Arguments) -> Value | tuple[str, Text] | None:
    """Return what a method of a bucket or object gives, or its operation and path."""
    if of.kind == "object":
        return (_METHODS[name], of.path) if name in _METHODS else None
    if name in (*_OBJECTS, "blob", "get_blob", "file"):
        return _object(of, a.at(0, "key", "blob_name"), _name(a, 0, "key"))
    if name in _KEYED:
        said = a.at(_KEYED[name], "Key")
        where = _object(of, said, _name(a, _KEYED[name], "key"))
        return _METHODS.get(name, "write"), where.path
    if name in _LISTING:
        prefix = a.at(9, "Prefix", "prefix") or _option(a, "prefix")
        before = as_texts(prefix, "prefix")[0].parts if prefix is not None else ()
        return "list", text(*of.path.parts, "/", *before, Hole("*"))
    return None


def is_resource(value: Value, name: str) -> bool:
    """Say whether an argument that is asked for an object is named as a resource of S3."""
    if name not in (*_OBJECTS, "Bucket") or not isinstance(value, Text) or not value.holes:
        return False
    return "s3" in value.holes[-1].name.lower() or "resource" in value.holes[-1].name.lower()


def of_resource(name: str, a: Arguments) -> Value | None:
    return function(f"boto3.resource().{name}", a)


def _bucket(scheme: str, where: Value | None) -> Handle:
    said = as_texts(where, "bucket")[0] if where is not None else text(Hole("bucket"))
    return Handle(text(f"{scheme}://", *said.parts), kind="bucket")


def _object(bucket: Handle, key: Value | None, name: str) -> Handle:
    said = as_texts(key, name)[0] if key is not None else text(Hole("key"))
    return Handle(text(*bucket.path.parts, "/", *said.parts), kind="object")


def _name(a: Arguments, position: int, default: str) -> str:
    said = a.names[position] if position < len(a.names) else "?"
    return default if said == "?" else said


def _option(a: Arguments, key: str) -> Value | None:
    for value in a.args:
        if isinstance(value, Mapping) and (found := value.get(key)) is not None:
            return found
    return None
