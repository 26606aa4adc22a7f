"""The guides say what is true: generated pages are fresh, links lead somewhere, commands and settings exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from connector.cli.entry import app
from connector.mapping.load import load
from connector.mapping.schema import MappingFile, MessageSection, Source
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError
from connector.model.states import State
from connector.providers.registry import PROTOCOLS, PROVIDERS
from connector.settings import of
from docs.capabilities import ADAPTERS
from docs.generate import GENERATED, PAGES, rendered

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = [*GUIDES, *sorted(GENERATED.glob("*.md"))]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^|[\s/])connector((?:[ ]+[^\s#|&;()]+)+)")

named = pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)


def commands(text: str) -> Iterator[list[str]]:
    """The words after `connector` of every command a page shows, in its blocks and in its text."""
    blocks = [body for kind, body in FENCED.findall(text) if kind in {"", "sh", "ini"}]
    lines = [line for block in blocks for line in block.splitlines()]
    for line in [*lines, *INLINE.findall(FENCED.sub("", text))]:
        yield from (found.split() for found in COMMAND.findall(line.split(" # ")[0]))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def refused(words: list[str]) -> str | None:
    """Why the command line does not know these words; None when it does."""
    command: Any = typer.main.get_command(app)
    words = [word for word in words if word != "…"]
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return f"{command.name} has no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in options | {"--help"}]
    return f"{command.name} has no option {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_fresh(name: str) -> None:
    """A generated page is what the code says today; when it is not, `make generated` writes it anew."""
    assert (GENERATED / name).read_text("utf-8") == rendered(name), f"{name} is stale: run `make generated`"


def test_the_matrix_has_every_adapter() -> None:
    """What each provider can do, and what it tells after a lost answer, is said of every adapter there is."""
    said = rendered("capabilities.md")
    names = [*PROVIDERS, *(f"{provider} ({protocol})" for provider, protocol in PROTOCOLS)]
    assert f"|  | {' | '.join(f'`{name}`' for name in names)} |" in said
    assert [name for name in names if f"**`{name}`**" not in said] == []


def cells(row: str) -> dict[str, str]:
    """What the matrix says in a row, by adapter."""
    rows = (
        line.removeprefix("| ").removesuffix(" |").split(" | ") for line in rendered("capabilities.md").splitlines()
    )
    return dict(zip(ADAPTERS, {said[0]: said[1:] for said in rows}[row], strict=True))


def test_the_matrix_says_what_is_looked_up_and_how_far_each_channel_is_told_of() -> None:
    """As the adapters declare it: a word for all channels, or each word with its channels."""
    lookups = cells("looks up before a send (`lookup`)")
    assert {name: said for name, said in lookups.items() if "nothing" not in said} == {
        "nrs360": "email",
        "smsclouds": "phone",
        "sms360app": "phone",
    }
    furthest = cells("furthest word it ever reports")
    assert furthest["smsclouds"] == "email: `accepted`; sms, voice: `sent`"
    assert furthest["nrs360"] == "`delivered`"


def test_the_matrix_says_whose_replies_are_asked_for_by_batch() -> None:
    """Such as keys pressed in calls, by the channels that the adapter declares."""
    asked = cells("replies to a batch can be asked for once it has ended")
    assert {name: said for name, said in asked.items() if said != "no"} == {"nrs360": "voice"}


@named
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading in it."""
    for link in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}, which has no such heading"


@named
def test_commands_exist(page: Path) -> None:
    """Every `connector …` command that a page shows is one of the command line's, with the options it is given."""
    for words in commands(page.read_text("utf-8")):
        assert refused(words) is None, f"{page.name}: `connector {' '.join(words)}`: {refused(words)}"


def test_guides_show_commands() -> None:
    """The look for commands finds them, and refuses what does not exist."""
    assert [page.name for page in GUIDES if list(commands(page.read_text("utf-8")))] != []
    assert refused(["run"]) is None
    assert refused(["writes", "retry", "--all"]) is None
    assert refused(["fly"]) is not None
    assert refused(["once", "--twice"]) is not None


@named
def test_settings_shown_can_be_used(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every TOML block is a settings file, or part of one, that the connector takes."""
    for kind, body in FENCED.findall(page.read_text("utf-8")):
        if kind != "toml":
            continue
        for variable in re.findall(r"\$\{(\w+)\}", body):
            monkeypatch.setenv(variable, "a-secret-of-a-path" if "HOOK" in variable else "sandbox")
        settings = of(tomllib.loads(body))
        assert settings.account_options() or not settings.accounts
        assert not settings.crm or settings.crm_options()


def test_the_example_explained_is_the_example() -> None:
    """The administrators' guide explains the mapping as it is in `mappings/`, section by section, in its order."""
    text = (ROOT / "docs" / "administrators.md").read_text("utf-8")
    example = (ROOT / "mappings" / "sms-outbox.yaml").read_text("utf-8")
    blocks = "\n".join(body for kind, body in FENCED.findall(text) if kind == "yaml")
    shown = yaml.safe_load(blocks)
    assert shown == yaml.safe_load(example)
    assert list(shown) == list(yaml.safe_load(example))


def test_messages_of_mapping_check_are_the_real_ones(tmp_path: Path) -> None:
    """Each mistake in the administrators' table, made in the example, is told in the words that the table gives."""
    example = (ROOT / "mappings" / "sms-outbox.yaml").read_text("utf-8")
    text = (ROOT / "docs" / "administrators.md").read_text("utf-8")
    providers = {"nrs-main": "nrs360", "smsclouds-mx": "smsclouds", "bulk360-my": "bulk360"}
    accounts = {
        name: AccountCapability(name, provider, PROVIDERS[provider].capability if provider in PROVIDERS else None)
        for name, provider in providers.items()
    }
    mistakes = re.findall(r"^\| `` (.*?) `` → `` (.*?) `` \| (.*?) \|", text, re.MULTILINE)
    assert len(mistakes) >= 6
    for right, wrong, said in mistakes:
        assert right in example, right
        file = tmp_path / "mistaken.yaml"
        file.write_text(example.replace(right, wrong, 1), "utf-8")
        with pytest.raises(MappingError) as told:
            load((file,), accounts)
        assert said in "\n".join(problem.text for problem in told.value.problems), wrong


def guide(name: str) -> str:
    """The text of a guide."""
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("state", State)
def test_every_state_says_what_to_do(state: State) -> None:
    """The operators' table has a row for every state, with what a person does."""
    rows = re.findall(rf"^\| `{state}` \| [^|]+ \| [^|]+ \|$", guide("operators.md"), re.MULTILINE)
    assert len(rows) == 1


def test_every_alarm_is_explained() -> None:
    """Every subject that the code sounds an alarm for has a row in the operators' table."""
    sources = "".join(
        file.read_text("utf-8") for room in ("connector/sync", "jobs") for file in (ROOT / room).rglob("*.py")
    )
    subjects = set(re.findall(r'(?:\.sound\(\s*|subject = )f?"([^"{]+)', sources))
    explained = re.findall(r"^\| `([^`]+?)(?: …)?(?: hangs)?` \|", guide("operators.md"), re.MULTILINE)
    assert {"store", "account "} <= subjects
    assert {subject.strip() for subject in subjects} <= set(explained)


def test_every_webhook_has_its_address() -> None:
    """For every hook that an adapter declares, the operators' guide says which address to give, or that none is."""
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([^|]+) \| [^|]+ \|$", guide("operators.md"), re.MULTILINE)
    for adapter in PROVIDERS.values():
        for hook in adapter.capability.pushes:
            assert any(f"/{hook}`" in row for row in rows) or f"| {hook} | made by the connector" in guide(
                "operators.md"
            ), hook


def test_every_key_of_a_mapping_is_explained() -> None:
    """The administrators' guide speaks of every section, and of every key of `source` and `message`."""
    text = guide("administrators.md")
    for section in (MappingFile, Source, MessageSection):
        for key in section.model_fields:
            assert re.search(rf"`{key}`|\*\*{key}\*\*|^{key}:", text, re.MULTILINE), key


def test_every_field_of_the_package_is_explained() -> None:
    """The administrators' guide names every field of the package's own object, and its validation rule."""
    package = ROOT / "salesforce" / "force-app" / "main" / "default" / "objects" / "SMS_Message__c"
    fields = [file.name.split(".")[0] for file in (package / "fields").glob("*.xml")]
    assert len(fields) > 10
    for field in fields:
        assert f"`{field}`" in guide("administrators.md"), field
    for rule in (package / "validationRules").glob("*.xml"):
        assert rule.name.split(".")[0].replace("_", " ") in guide("administrators.md")
