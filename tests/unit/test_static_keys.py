"""The keys of the setting: names, and keys that cannot be guessed."""

import pytest

from api.static_keys import read_static_keys
from core.setting_errors import WrongSecret

KEY, OTHER = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjR+/g=="


def test_keys_are_read_by_their_names() -> None:
    assert read_static_keys(f"shop={KEY}, ana-2={OTHER},\n") == {"shop": KEY, "ana-2": OTHER}
    assert read_static_keys("") == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (KEY, "must be name=key,name=key: entry 1 has no =."),
        (f"shop={KEY},{OTHER[:-2]}", "must be name=key,name=key: entry 2 has no =."),
        (f"={KEY}", "the name of entry 1 must be 1 to 40 lower-case letters"),
        (f"Shop={KEY}", "the name of entry 1 must be"),
        (f"-shop={KEY}", "the name of entry 1 must be"),
        (f"{'a' * 41}={KEY}", "the name of entry 1 must be"),
        ("shop=", "holds a key in entry 1 \\(shop\\) with characters"),
        (f"shop={KEY} x", "holds a key in entry 1 \\(shop\\) with characters"),
        ("shop=geheim", "entry 1 \\(shop\\) that could be guessed"),
        (f"shop={'a' * 64}", "that could be guessed"),
        (f"shop={KEY[:-1]}", "that could be guessed"),
        (f"shop={KEY},shop={OTHER}", "holds the name 'shop' twice: again in entry 2."),
        (f"shop={KEY},ana={KEY}", "holds the key twice: again in entry 2."),
    ],
)
def test_each_wrong_entry_is_named_and_no_key_is_shown(text: str, sentence: str) -> None:
    with pytest.raises(WrongSecret, match=sentence) as refused:
        read_static_keys(text)
    assert KEY not in str(refused.value)
    assert "geheim" not in str(refused.value)
