"""`tools.count_arrows` counts imports between the modules of one package, on a package small enough to count by hand."""

from pathlib import Path

import pytest

from tools.count_arrows import find_arrows, main


@pytest.fixture(autouse=True)
def toy_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "toy_room"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "one.py").write_text("import json\n\nfrom toy_room import two\nfrom toy_room.three import A, B\n")
    (room / "two.py").write_text("def late():\n    from toy_room.three import A\n    import toy_room.three\n")
    (room / "three.py").write_text("A = B = 1\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_pair_of_modules_is_one_arrow_however_many_names_it_carries() -> None:
    assert find_arrows("toy_room") == [
        ("toy_room.one", "toy_room.three"), ("toy_room.one", "toy_room.two"), ("toy_room.two", "toy_room.three"),
    ]  # fmt: skip


def test_the_arrows_are_named_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    main(["toy_room"])
    assert capsys.readouterr().out == "toy_room: 3\n"
    main(["toy_room", "--list"])
    assert capsys.readouterr().out.splitlines()[1] == "  toy_room.one -> toy_room.three"
