"""``tools/environment.py``: the packages of one environment laid into another, whatever else lies among its commands."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

from tests.house.source_tree import ROOT


def environment_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment_tool", ROOT / "tools" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_commands_speak_to_the_new_interpreter_and_the_rest_is_left(tmp_path: Path) -> None:
    tool = environment_tool()
    kept, target = tmp_path / "kept", tmp_path / "target"
    write(tool.site_packages(kept) / "thing" / "__init__.py", b"NAME = 'thing'\n")
    write(kept / "bin" / "thing", b"#!" + os.fsencode(kept) + b"/bin/python\nprint('thing')\n")
    write(kept / "bin" / "tool.sh", b"#!/bin/sh\necho tool\n")
    write(kept / "bin" / "python3", b"the other interpreter\n")
    write(kept / "bin" / "__pycache__" / "thing.cpython-311.pyc", b"bytecode")  # scripts among the commands leave it
    (kept / "bin" / "link").symlink_to("python3")
    write(target / "bin" / "python", b"the interpreter\n")
    tool.copy_packages(kept, target)
    assert sorted(each.name for each in (target / "bin").iterdir()) == ["python", "thing", "tool.sh"]
    assert (target / "bin" / "thing").read_bytes() == b"#!" + os.fsencode(target) + b"/bin/python\nprint('thing')\n"
    assert (target / "bin" / "tool.sh").read_bytes() == b"#!/bin/sh\necho tool\n"
    assert (tool.site_packages(target) / "thing" / "__init__.py").read_bytes() == b"NAME = 'thing'\n"
