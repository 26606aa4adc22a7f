"""The floor under an account's balance, as somebody who types commands meets it."""

import pytest

from connector.sandbox.server import Sandbox
from tests.cli.place import Place
from tests.sync.site import mapping, plant, received


def below(place: Place, floor: float) -> None:
    """Gives the 360NRS account a floor."""
    text = place.settings.read_text("utf-8")
    place.settings.write_text(text.replace('sender = "TEST"', f'sender = "TEST"\nbalance_floor = {floor}'), "utf-8")


@pytest.mark.parametrize(("left", "verdict"), [(4.0, "failed"), (6.0, "ok")])
def test_doctor_compares_what_is_left_with_the_floor(place: Place, sandbox: Sandbox, left: float, verdict: str) -> None:
    """Less than the floor fails with what to do; more is fine."""
    below(place, 5.0)
    sandbox.providers.nrs360.configure({"balance": left})
    checks = place.type("doctor", "--json").told["checks"]
    (check,) = [each for each in checks if each["subject"] == "balance_floor"]
    assert (check["area"], check["verdict"]) == ("account nrs-main", verdict)
    assert check["advice"] == ("top the account up" if verdict == "failed" else "")


def test_one_pass_looks_at_the_floor_first(place: Place, sandbox: Sandbox) -> None:
    """`connector once` looks at the balance before it sends, sends what others can, and says what is short."""
    place.write(mapping=str(mapping()))
    below(place, 5.0)
    sandbox.providers.nrs360.configure({"balance": 4.0})
    plant(sandbox, 2, "MX")
    answer = place.type("once")
    assert received(sandbox) == {"received": 2, "distinct": 2, "duplicates": 0}
    assert "less than its balance_floor of 5" in answer.err
