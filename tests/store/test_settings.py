"""What the environment says of the cache."""

import pytest

from pulse_store import Settings, StoreUnavailable


def test_a_cache_is_off_unless_it_is_named_and_its_address_is_one_of_redis() -> None:
    environment = {"PULSE_ANALYTICS_DB_HOST": "db.example.com"}
    assert Settings.from_environment(environment).redis is None
    url = "rediss://:secret@cache.example.com:6380/0"
    settings = Settings.from_environment({**environment, "PULSE_STORE_REDIS_URL": url})
    assert settings.redis == url
    assert "secret" not in repr(settings)
    with pytest.raises(StoreUnavailable, match="PULSE_STORE_REDIS_URL begins with one of"):
        Settings.from_environment({**environment, "PULSE_STORE_REDIS_URL": "cache:6379"})
