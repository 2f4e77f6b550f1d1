"""Judges rendered manifests for one environment (R26, R28, R33): no placeholder, no foreign environment, no open store.

Works on the bytes that would be committed, so it also judges what Kustomize made of a base. Reads YAML as nodes: nothing is constructed,
aliases are not expanded. Must not know how the files came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import yaml

from goldenpath.model.finding import Finding
from goldenpath.model.settings import Settings
from goldenpath.projection.overlay_rules import Place, check_document
from goldenpath.projection.placeholders import find_placeholder

_SUFFIXES = (".yaml", ".yml", ".json")


def lint_files(files: Mapping[str, bytes], *, environment: str, settings: Settings) -> tuple[Finding, ...]:
    """Return every finding in ``files`` ({path: bytes}) as rendered for ``environment``, sorted by file and line. All of them block."""
    findings = [finding for path, content in files.items() for finding in _lint(path, content, environment, settings)]
    return tuple(sorted(set(findings), key=lambda finding: finding.sort_key))


def _lint(path: str, content: bytes, environment: str, settings: Settings) -> Iterator[Finding]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        yield _unreadable(path, 0, "it is not UTF-8")
        return
    for number, line in enumerate(text.split("\n"), start=1):
        found = find_placeholder(line)
        if found:
            yield _placeholder(path, number, found)
    if path.endswith(_SUFFIXES):
        yield from _lint_documents(path, text, environment, settings)


def _lint_documents(path: str, text: str, environment: str, settings: Settings) -> Iterator[Finding]:
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        yield _unreadable(path, error.problem_mark.line + 1 if error.problem_mark else 0, "it is not YAML")
        return
    except (yaml.YAMLError, RecursionError):
        yield _unreadable(path, 0, "it is not YAML")
        return
    report = _reporter(path)
    for document in documents:
        if document is not None:
            yield from (report(place) for place in check_document(document, environment=environment, settings=settings))


def _reporter(path: str) -> Callable[[Place], Finding]:
    def report(place: Place) -> Finding:
        return Finding(
            rule=place.rule,
            level="block",
            message=place.message,
            file=path,
            line=place.line,
            column=place.column,
            field=place.field,
            got=place.got,
            expected=place.expected,
        )

    return report


def _placeholder(path: str, line: int, found: str) -> Finding:
    return Finding(
        rule="projection.placeholder-left",
        level="block",
        message=f"the placeholder {found!a} is still there after rendering",
        file=path,
        line=line,
        got=found,
        expected="the environment's name",
        hint="check that the overlay patches this entry",
    )


def _unreadable(path: str, line: int, why: str) -> Finding:
    return Finding(rule="projection.manifest-unreadable", level="block", message=f"the file cannot be judged: {why}", file=path, line=line)
