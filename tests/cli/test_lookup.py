"""`connector lookup`: what providers know of a number or an address, against the pretend ones."""

import pytest

from tests.cli.place import Place

MEXICAN, AMERICAN, ADDRESS = "+525512345678", "+12025550123", "ana@example.com"
US_ACCOUNT = """
[accounts.app-us]
provider = "sms360app"
base_url = "{providers}/sms360app"
client_ids = ["sandbox"]
"""


@pytest.fixture
def both(place: Place) -> Place:
    """A place with an account at 360 SMS App too."""
    place.add(US_ACCOUNT.format(providers=place.providers))
    return place


def test_a_mexican_number_is_asked_for_at_smsclouds(place: Place) -> None:
    """The only account that can is asked, and its answer shown whole, by the settings' names where they have some."""
    told = place.type("lookup", MEXICAN, "--json").told
    assert (told["target"], told["account"]) == (MEXICAN, "smsclouds-mx")
    assert told["answer"]["cellphone"] == MEXICAN.removeprefix("+52")
    assert "carrier" in place.type("lookup", MEXICAN).out
    settings = place.settings.read_text("utf-8").replace(
        "[accounts.smsclouds-mx]", '[accounts.smsclouds-mx]\nhlr_fields = {carrier = "carrier", moved = "ported"}'
    )
    place.settings.write_text(settings, "utf-8")
    named = place.type("lookup", "+52 55 1234 5678", "--json").told
    assert named["carrier"] == told["answer"]["carrier"]
    assert named["moved"] == told["answer"]["ported"]


def test_another_number_is_verified_at_360_sms_app(both: Place) -> None:
    """What stands on a terminal is a table of what is known; a number that is not found ends with 1."""
    told = both.type("lookup", AMERICAN, "--json").told
    assert (told["account"], told["valid"], told["country"]) == ("app-us", True, "US")
    assert "line_type" in both.type("lookup", AMERICAN).out
    unknown = both.type("lookup", "+33612345678", "--json")
    assert (unknown.code, unknown.told["valid"]) == (1, False)


def test_an_address_is_validated_at_360nrs(place: Place) -> None:
    """The validation is waited for and its result shown."""
    answer = place.type("lookup", ADDRESS, "--json")
    assert answer.told["account"] == "nrs-main"
    assert answer.told["result"] in {"deliverable", "risky", "undeliverable"}
    assert answer.code == (1 if answer.told["valid"] is False else 0)


def test_a_wait_that_is_over_ends_with_one(place: Place) -> None:
    """What has not been answered in time goes on at the provider, and its id is told."""
    answer = place.type("lookup", ADDRESS, "--wait", "0", "--json")
    assert answer.code == 1
    assert answer.told["under_way"]
    assert "goes on" in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((AMERICAN,), "no account that is meant"),
        ((ADDRESS, "--provider", "smsclouds"), "no account that is meant"),
        ((MEXICAN, "--account", "nowhere"), "no account 'nowhere'"),
        ((MEXICAN, "--provider", "acme"), "no account at 'acme'"),
        (("12",), "phone number"),
    ],
)
def test_who_cannot_be_asked_is_told_in_a_sentence(place: Place, words: tuple[str, ...], said: str) -> None:
    """Nobody is asked for what no account can look up; exit code 1."""
    answer = place.type("lookup", *words)
    assert answer.code == 1
    assert said in " ".join(answer.err.split())


def test_of_several_accounts_one_is_named(both: Place) -> None:
    """A question that may cost money goes to none by chance."""
    answer = both.type("lookup", MEXICAN)
    assert answer.code == 1
    assert "smsclouds-mx" in answer.err
    assert "app-us" in answer.err
    assert both.type("lookup", MEXICAN, "--provider", "smsclouds", "--json").told["account"] == "smsclouds-mx"
    assert both.type("lookup", MEXICAN, "--account", "app-us", "--json").told["account"] == "app-us"
