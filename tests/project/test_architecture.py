"""Conventions of the repository: import contracts, markers, listed faults, translations, forbidden texts."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import polib
import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("cspa", "delegations", "links", "news")


def sources(pattern, *folders):
    files = [path for folder in folders for path in (ROOT / folder).rglob(pattern)]
    return [path for path in files if "migrations" not in path.relative_to(ROOT).parts]


@pytest.mark.long
def test_import_contracts_are_kept():
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
    analysed = int(re.search(r"Analyzed (\d+) files", result.stdout)[1])
    assert analysed >= len(sources("*.py", *APPS))
    assert ", 0 broken" in result.stdout


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def nodes(path: Path, word: str) -> Iterator[ast.AST]:
    """The syntax tree nodes of a module whose text contains ``word``; none of other modules, to save the parsing."""
    text = path.read_text()
    if word in text:
        yield from ast.walk(ast.parse(text))


def test_module_that_uses_connection_vendor_has_a_test_on_both_databases():
    asks = {
        module_of(path)
        for path in sources("*.py", *APPS)
        if any(isinstance(node, ast.Attribute) and node.attr == "vendor" for node in nodes(path, "vendor"))
    }
    tested = {
        argument.value
        for path in sources("test_*.py", "tests")
        for node in nodes(path, "both_databases")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "both_databases"
        for argument in node.args
    }
    assert len(asks) >= 10
    assert asks - tested == set(), "Mark a test of these with both_databases (CONTRIBUTING.md)."
    assert {name for name in tested if not find_spec(name)} == set(), "These modules do not exist."


def test_listed_faults_occur_once_and_name_existing_tests():
    faults = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())["mutant"]
    assert len(faults) > 70
    for fault in faults:
        assert (ROOT / fault["module"]).read_text().count(fault["code"]) == 1, fault
        for test in fault["tests"].split():
            file, *_classes, name = test.partition("[")[0].split("::")
            assert f"def {name}(" in (ROOT / file).read_text(), test


def test_rule_of_publication_is_written_once():
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sources("*.py", *APPS)
        if "published_at__lte" in path.read_text() or "State.PUBLISHED," in path.read_text()
    ]
    assert found == ["news/models/articles.py"]


def test_templates_hold_no_inline_style_handler_or_foreign_address():
    templates = sources("*.html", "templates")
    assert len(templates) >= 20
    for path in templates:
        text = path.read_text()
        assert not re.search(
            r"\sstyle=|\son[a-z]+=\"|<style|https?://(?!www\.w3\.org)[^\"]*\.(?:js|css|woff2)", text
        ), path


def test_files_contain_no_index_host_and_no_machine_path():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()] or sources("*", *APPS)
    assert len(files) > 50
    host = re.compile("index-url +h|pythonhost" + "ed|registry\\.npm" + "js|/ro" + "ot/|(?<![a-z])/ho" + "me/[a-z]")
    for path in files:
        if path.suffix not in {".woff2", ".png", ".jpg", ".webp"}:
            assert not host.search(path.read_text(errors="replace")), path


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES if code != "en"])
def test_interface_strings_are_translated(language):
    catalogue = polib.pofile(str(ROOT / f"cspa/locale/{language}/LC_MESSAGES/django.po"))
    entries = [entry for entry in catalogue if not entry.obsolete]
    assert len(entries) > 200
    assert [entry.msgid for entry in entries if "fuzzy" in entry.flags or not entry.translated()] == []
    for entry in entries:
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text:
                wanted = re.findall(r"%\(\w+\)[sd]", entry.msgid_plural or entry.msgid)
                assert sorted(re.findall(r"%\(\w+\)[sd]", text)) == sorted(wanted), entry.msgid
