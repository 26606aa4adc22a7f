"""Our count of encodings and parts beside that of npm's sms-segments-calculator."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from connector.model.messages import Encoding
from connector.model.text import ALPHABETS, measure

HERE = Path(__file__).parent
SEED = 23038
GSM7 = sorted(ALPHABETS[Encoding.GSM7].every)
PAIRS = sorted(ALPHABETS[Encoding.GSM7].every - ALPHABETS[Encoding.GSM7].basic)
WIDE = [*"жшñáç中日€’–…", "😀", "🚀", "𝄞"]


def boundary_texts() -> Iterator[str]:
    """Texts of every length about each boundary, with pairs just before, astride and after it."""
    for part, plain, pairs in ((153, "a", PAIRS), (67, "ж", WIDE[-3:])):
        for count in range(1, 12):
            for about in (*range(part * count - 2, part * count + 3), *range(158, 163), *range(68, 73)):
                yield plain * about
                for pair in pairs[:3]:
                    yield plain * (about - 1) + pair
                    yield plain * (about - 2) + pair + plain * 3
                    yield pair * (about // 2)


def random_texts() -> Iterator[str]:
    """Texts of both alphabets at random, the same ones each time."""
    choice = random.Random(SEED)
    for _ in range(1500):
        yield "".join(choice.choices(GSM7, k=choice.randint(0, 500)))
    for _ in range(500):
        yield "".join(choice.choices(GSM7 + WIDE, k=choice.randint(0, 250)))


def as_the_oracle_says_it(text: str) -> dict[str, object]:
    """Our count in the oracle's words (bits of the text without headers)."""
    ours = measure(text)
    return {"encoding": ours.encoding.value, "parts": ours.parts, "bits": ours.units * len_of_unit(ours.encoding)}


def len_of_unit(encoding: Encoding) -> int:
    """Bits of a septet or of a UTF-16 unit."""
    return 7 if encoding is Encoding.GSM7 else 16


def test_agrees_with_the_oracle_on_every_text() -> None:
    """Encoding, size and parts are the oracle's for every boundary and for thousands of random texts."""
    texts = [*boundary_texts(), *random_texts()]
    answer = subprocess.run(
        ["node", "count.mjs"], cwd=HERE, input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=60
    )
    theirs = json.loads(answer.stdout)
    assert len(theirs) == len(texts) > 3000
    disagreements = [
        (text, ours, told)
        for text, told in zip(texts, theirs, strict=True)
        if (ours := as_the_oracle_says_it(text)) != told
    ]
    assert disagreements == []
