"""classify reads az:// and s3:// as load does."""

from loaders.advisor.classification.classify import classify
from tests.advisor.classified import DATA, dispositions
from tests.object_stores import StoreUnderTest


def test_a_container_is_classified_like_its_folder(store: StoreUnderTest) -> None:
    for file in sorted(DATA.rglob("*")):
        if file.is_file():
            store.put(f"a/data/{file.relative_to(DATA)}", file.read_bytes())
    container, _ = classify(f"{store.url}/a", "data")
    folder, _ = classify(str(DATA))
    assert dispositions(container) == dispositions(folder)
    assert container.bodies_read == folder.bodies_read
