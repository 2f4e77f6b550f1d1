"""The mounted Secret: bytes exactly, one moment at a time, nothing out of the mount, nothing but plain files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mounted_volume import MountedVolume

from goldenpath.errors import AccessDenied, GoldenpathError, NotFound, ProviderRefused, ProviderUnavailable
from goldenpath.ports.source import RuntimeSource
from goldenpath.providers.kubernetes_mount import ATTEMPTS, DATA, FILES_MAX, VOLUME_MAX_BYTES, KubernetesMount

FILES = {"username": b"app", "password": b"line one\nline two\n", "binary": b"\x00\xff=", "http": b"http://example.com/=="}


OWN = Path("/proc/self/fd")


@pytest.fixture
def volume(tmp_path: Path) -> MountedVolume:
    made = MountedVolume(tmp_path / "mount")
    made.write(FILES)
    return made


def read(volume: MountedVolume) -> dict[str, bytes]:
    return {name: value.reveal() for name, value in KubernetesMount(volume.folder).read().values.items()}


def refusal(volume: MountedVolume) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        KubernetesMount(volume.folder).read()
    return caught.value


def test_bytes_come_back_exactly_and_internal_names_do_not(volume: MountedVolume) -> None:
    current = volume.write(FILES)
    (current / "..hidden").write_bytes(b"not a key")
    (volume.folder / "beside").write_bytes(b"not in the Secret")
    assert read(volume) == FILES


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(st.from_regex(r"[a-z][a-zA-Z0-9._-]{0,40}\Z", fullmatch=True), st.binary(max_size=200), min_size=1, max_size=8)
)
def test_any_key_and_any_bytes(volume: MountedVolume, files: dict[str, bytes]) -> None:
    volume.write(files)
    assert read(volume) == files


def test_a_reading_follows_the_swap_and_the_version_tells_it(volume: MountedVolume) -> None:
    source: RuntimeSource = KubernetesMount(volume.folder)
    first, before = source.read(), source.version()
    assert first.version == before != ""
    assert source.version() == before, "looking changes nothing"
    volume.write({"password": b"new"})
    assert source.version() != before
    assert {name: value.reveal() for name, value in source.read().values.items()} == {"password": b"new"}
    assert "app" not in repr(first) + repr(first.values)


def test_it_says_who_may_do_what_with_each_file(volume: MountedVolume) -> None:
    (volume.write(FILES) / "password").chmod(0o440)
    facts = {each.name: each for each in KubernetesMount(volume.folder).read().facts}
    assert (facts["password"].mode, facts["password"].uid, facts["password"].gid) == (0o440, os.getuid(), os.getgid())


def test_old_and_new_values_are_never_mixed(volume: MountedVolume) -> None:
    """A kubelet that swaps as fast as it can, and takes the old folder away under the reader."""
    names = [f"key-{number:02d}" for number in range(20)]
    is_over = threading.Event()

    def swap() -> None:
        generation = 0
        while not is_over.is_set():
            generation += 1
            volume.write(dict.fromkeys(names, b"%d" % generation))

    volume.write(dict.fromkeys(names, b"0"))
    kubelet = threading.Thread(target=swap, name="kubelet")
    kubelet.start()
    readings = 0
    unsettled: set[str] = set()
    try:
        while readings < 100:
            try:
                values = read(volume)
            except ProviderUnavailable as error:
                unsettled.add(error.code)
                continue
            readings += 1
            assert sorted(values) == names
            assert len(set(values.values())) == 1, "one generation, whatever moved meanwhile"
    finally:
        is_over.set()
        kubelet.join()
    assert unsettled <= {"mount.unsettled"}


def test_a_mount_that_never_settles_is_worth_a_later_try(volume: MountedVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    real, moves = os.listdir, []

    def moving(path: int) -> list[str]:
        found = real(path)
        moves.append(volume.write(FILES))
        return found

    monkeypatch.setattr(os, "listdir", moving)
    error = refusal(volume)
    assert (error.code, error.retry_after_seconds is not None, len(moves)) == ("mount.unsettled", True, ATTEMPTS)


def test_a_file_that_vanishes_with_its_folder_is_read_anew(volume: MountedVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    real, is_first = os.listdir, [True]

    def vanishing(path: int) -> list[str]:
        found = real(path)
        if is_first.pop() if is_first else False:
            volume.write({"password": b"new"})
        return found

    monkeypatch.setattr(os, "listdir", vanishing)
    assert read(volume) == {"password": b"new"}


def nothing(volume: MountedVolume) -> None:
    volume.write({})


def unmounted(volume: MountedVolume) -> None:
    for path in volume.folder.iterdir():
        path.rename(volume.folder.with_name(f"moved-{path.name}"))


def gone(volume: MountedVolume) -> None:
    volume.folder.rename(volume.folder.with_name("elsewhere"))


def plain_folder(volume: MountedVolume) -> None:
    (volume.folder / DATA).unlink()


def data_is_a_folder(volume: MountedVolume) -> None:
    (volume.folder / DATA).unlink()
    (volume.folder / DATA).mkdir()


def points(target: str) -> Callable[[MountedVolume], None]:
    return lambda volume: volume.point_at(target)


def points_through_a_link(volume: MountedVolume) -> None:
    outside = volume.folder.with_name("outside")
    outside.mkdir()
    (outside / "password").write_bytes(b"stolen")
    (volume.folder / "..link").symlink_to(outside)
    volume.point_at("..link")


def file_is_a_link(volume: MountedVolume) -> None:
    (volume.write(FILES) / "stolen").symlink_to("/etc/hostname")


def link_within(volume: MountedVolume) -> None:
    (volume.write(FILES) / "alias").symlink_to("password")


def pipe(volume: MountedVolume) -> None:
    os.mkfifo(volume.write(FILES) / "pipe")


def folder(volume: MountedVolume) -> None:
    (volume.write(FILES) / "nested").mkdir()


def large(volume: MountedVolume) -> None:
    volume.write({"a": b"x" * VOLUME_MAX_BYTES, "b": b"x"})


def many(volume: MountedVolume) -> None:
    volume.write({f"key-{number}": b"x" for number in range(FILES_MAX + 1)})


@pytest.mark.parametrize(
    ("harm", "kind", "code"),
    [
        (nothing, NotFound, "mount.empty"),
        (unmounted, NotFound, "mount.empty"),
        (gone, NotFound, "mount.missing"),
        (plain_folder, ProviderRefused, "mount.not-a-volume"),
        (data_is_a_folder, ProviderRefused, "mount.not-a-volume"),
        (points("/etc"), ProviderRefused, "mount.link-escapes"),
        (points(".."), ProviderRefused, "mount.link-escapes"),
        (points("../outside"), ProviderRefused, "mount.link-escapes"),
        (points("."), ProviderRefused, "mount.link-escapes"),
        (points("username"), ProviderRefused, "mount.link-escapes"),
        (points_through_a_link, ProviderRefused, "mount.link-escapes"),
        (file_is_a_link, ProviderRefused, "mount.link-escapes"),
        (link_within, ProviderRefused, "mount.link-escapes"),
        (pipe, ProviderRefused, "mount.not-a-file"),
        (folder, ProviderRefused, "mount.not-a-file"),
        (large, ProviderRefused, "mount.too-large"),
        (many, ProviderRefused, "mount.too-large"),
        (points("..not-there"), ProviderUnavailable, "mount.unsettled"),
    ],
)
def test_what_is_no_mounted_secret_is_refused(
    volume: MountedVolume, harm: Callable[[MountedVolume], None], kind: type[GoldenpathError], code: str
) -> None:
    harm(volume)
    error = refusal(volume)
    assert (type(error), error.code) == (kind, code)
    assert not any(value.decode("latin-1") in str(error) + error.hint for value in FILES.values())


@pytest.mark.parametrize(
    ("number", "kind", "code"), [(13, AccessDenied, "mount.unreadable"), (5, ProviderUnavailable, "mount.unavailable")]
)
def test_what_the_system_refuses_is_told_by_its_kind(
    volume: MountedVolume, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[GoldenpathError], code: str
) -> None:
    real = os.open

    def failing(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "password":
            raise OSError(number, "simulated")
        return real(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", failing)
    error = refusal(volume)
    assert (type(error), error.code) == (kind, code)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_denial(volume: MountedVolume) -> None:
    (volume.write(FILES) / "password").chmod(0)
    assert refusal(volume).code == "mount.unreadable"


def test_no_version_where_nothing_is_mounted(volume: MountedVolume, tmp_path: Path) -> None:
    assert KubernetesMount(tmp_path / "nowhere").version() == ""
    unmounted(volume)
    assert KubernetesMount(volume.folder).version() == ""


def test_no_descriptor_stays_open(volume: MountedVolume) -> None:
    before = len(list(OWN.iterdir()))
    for harm in (nothing, file_is_a_link, pipe, folder, large, points("/etc")):
        harm(volume)
        refusal(volume)
    volume.write(FILES)
    read(volume)
    assert len(list(OWN.iterdir())) == before
