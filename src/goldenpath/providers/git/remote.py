"""The remote side of a manifest repository: ask, fetch, push. Never with force; every push that went wrong is read back (R22)."""

from __future__ import annotations

from dataclasses import replace

from goldenpath.errors import Conflict, Misconfigured, ProviderRefused, ProviderUnavailable
from goldenpath.providers.git.place import Place


class Remote:
    """One branch at a configured remote.

    Raises:
        Misconfigured: ``delivery.remote-missing`` when the repository has no remote of that name.
    """

    def __init__(self, place: Place, name: str, ref: str) -> None:
        # an address such as ../gitops.git is relative to the top of the working tree
        self._git = replace(place.git.online(), folder=place.root)
        self._name = name
        self._ref = ref
        self._tracking = f"refs/remotes/{name}/{ref.removeprefix('refs/heads/')}"
        if place.git.run("config", "--get", f"remote.{name}.url", allowed=(0, 1)).status:
            raise Misconfigured(
                "delivery.remote-missing",
                "the manifest repository has no such remote",
                subject=name,
                hint=f"git remote add {name} <address>, or change delivery.remote",
            )

    def head(self) -> str:
        """Return the branch's newest commit, fetched; empty when the remote has no such branch.

        Raises:
            ProviderUnavailable: ``delivery.remote-unavailable``.
            Conflict: ``delivery.push-race`` when the branch was rewritten in this moment.
        """
        newest = self._ask()
        if newest and not self._is_here(newest):
            self._fetch()
            if not self._is_here(newest):
                raise push_race(self._ref)
        return newest

    def push(self, commit: str, expected: str) -> None:
        """Move the remote branch from ``expected`` to its child ``commit``.

        Raises:
            Conflict: ``delivery.push-race``.
            ProviderRefused: ``delivery.push-refused``: the branch is where it was, and the remote does not take the commit.
            ProviderUnavailable: ``delivery.remote-unavailable``.
        """
        options = ("--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
        pushed = self._git.run("push", *options, self._name, f"{commit}:{self._ref}", allowed=range(256))
        if pushed.status == 0:
            return
        now = self._ask()
        if now == commit:
            return
        if now != expected:
            raise push_race(self._ref)
        raise ProviderRefused(
            "delivery.push-refused",
            f"the remote did not take the commit (git push ended with status {pushed.status})",
            subject=f"{self._name} {self._ref}",
            hint="may this identity push there, is the branch protected, does a hook of the remote refuse it?",
        )

    def _ask(self) -> str:
        answer = self._git.run("ls-remote", "--quiet", self._name, self._ref, allowed=range(256))
        if answer.status:
            raise self._unavailable(answer.status)
        lines = (line.split("\t") for line in answer.output.decode("utf-8", "replace").splitlines())
        return next((oid for oid, name in lines if name == self._ref), "")

    def _fetch(self) -> None:
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--refmap=")
        fetched = self._git.run("fetch", *options, self._name, f"+{self._ref}:{self._tracking}", allowed=range(256))
        if fetched.status:
            raise self._unavailable(fetched.status)

    def _is_here(self, commit: str) -> bool:
        return self._git.run("cat-file", "-e", f"{commit}^{{commit}}", allowed=(0, 1, 128)).status == 0

    def _unavailable(self, status: int) -> ProviderUnavailable:
        return ProviderUnavailable(
            "delivery.remote-unavailable",
            f"the remote did not answer (git ended with status {status})",
            subject=self._name,
            hint=f"try `git ls-remote {self._name}` by hand: network, address or credentials",
            retry_after_seconds=5.0,
        )


def push_race(ref: str) -> Conflict:
    """Return the error of a lost race: regenerate on the new head and try again."""
    return Conflict(
        "delivery.push-race",
        "the branch moved while the manifests were being committed; nothing was published",
        subject=ref,
        hint="run again: the files are generated anew on the new head",
        retry_after_seconds=0.0,
    )
