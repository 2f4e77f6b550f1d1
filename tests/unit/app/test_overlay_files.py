"""What an overlay brings in is read from disk without following links, and without end or size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldenpath.app import overlay_files
from goldenpath.app.overlay_files import find_overlays, gather, tree_of

OVERLAY = "t/s/overlays/prod"


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, {f"{OVERLAY}/kustomization.yaml": "resources: [../../base]\n", "t/s/base/Kustomization": "resources: [a.yaml]\n"})
    write(tmp_path, {"t/s/base/a.yaml": "kind: ConfigMap\n"})
    return tmp_path


def refusals(root: Path) -> list[tuple[str, str, int]]:
    sources, findings = gather(root, OVERLAY)
    assert (sources is None) == bool(findings)
    return [(finding.rule, finding.file, finding.line) for finding in findings]


def test_everything_that_is_named_is_gathered(root: Path) -> None:
    sources, findings = gather(root, OVERLAY)
    assert findings == ()
    assert sources is not None
    assert sorted(sources.files) == ["t/s/base/Kustomization", "t/s/base/a.yaml", f"{OVERLAY}/kustomization.yaml"]
    assert set(sources.kustomizations) == {OVERLAY, "t/s/base"}


@pytest.mark.parametrize("kind", ["link", "folder-link", "pipe", "missing", "large"])
def test_what_is_no_regular_file_is_refused(root: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = root / "t/s/base/a.yaml"
    if kind == "large":
        monkeypatch.setattr(overlay_files, "FILE_MAX_BYTES", 40)
        file.write_text("x" * 41)
    elif kind == "folder-link":
        (root / "t/s/base").rename(root / "elsewhere")
        (root / "t/s/base").symlink_to(root / "elsewhere")
    else:
        file.unlink()
    if kind == "link":
        file.symlink_to(root / "t/s/base/Kustomization")
    elif kind == "pipe":
        os.mkfifo(file)
    expected = (f"{OVERLAY}/kustomization.yaml" if kind == "folder-link" else "t/s/base/Kustomization", 1)
    assert refusals(root) == [("overlay.reference-missing", *expected)]


def test_too_many_files_and_bytes_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay_files, "FILES_MAX", 2)
    assert refusals(root) == [("overlay.reference-missing", "t/s/base/Kustomization", 1)]
    monkeypatch.setattr(overlay_files, "FILES_MAX", 100)
    monkeypatch.setattr(overlay_files, "TOTAL_MAX_BYTES", 50)
    assert refusals(root) == [("overlay.reference-missing", "t/s/base/Kustomization", 1)]


def test_a_long_chain_ends(root: Path) -> None:
    for number in range(overlay_files.DEEPEST + 5):
        write(root, {f"t/s/c{number}/kustomization.yaml": f"resources: [../c{number + 1}]\n"})
    write(root, {f"{OVERLAY}/kustomization.yaml": "resources: [../../c0]\n"})
    assert [rule for rule, *_ in refusals(root)] == ["overlay.reference-missing"]


def test_overlays_are_found_by_their_place(root: Path) -> None:
    write(root, {"t/s/overlays/dev/kustomization.yml": "", "t/overlays/x/y/kustomization.yaml": "", "t/s/overlays/README": ""})
    assert find_overlays(root, root) == ["t/s/overlays/dev", OVERLAY]
    assert find_overlays(root, root / "t/s") == ["t/s/overlays/dev", OVERLAY]
    assert find_overlays(root, root / OVERLAY) == [OVERLAY]
    assert find_overlays(root, root / "t/s/base") == ["t/s/base"], "named itself, a folder need not be called anything"


def test_the_repository_is_the_wall(root: Path) -> None:
    assert tree_of(root / OVERLAY) == root / "t/s", "without one, the service's folder"
    assert tree_of(root / "t") == root / "t"
    (root / ".git").mkdir()
    assert tree_of(root / OVERLAY) == root
