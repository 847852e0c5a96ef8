"""Which line of the script is running."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ppodoctor.watching.sites import frame_sites, is_script_file, script_site, script_stack

ROOT = Path(__file__).resolve().parent.parent.parent


def here():
    return inspect.currentframe().f_back.f_lineno


def test_the_callers_line():
    site, line = script_site(), here()
    assert (site.file, site.line) == (__file__, line)
    assert site.code == "site, line = script_site(), here()"
    assert site.function.endswith("test_the_callers_line")
    assert str(site) == f"test_sites.py:{line}"


def test_the_standard_library_is_passed_over():
    class Hook:
        def __deepcopy__(self, memo):
            self.site = script_site(2)
            return self

    import copy

    hook = Hook()
    copy.deepcopy([hook])
    assert hook.site.line == here() - 1


def test_installed_files_are_libraries():
    assert is_script_file(__file__)
    assert not is_script_file(json.__file__)
    assert not is_script_file(pytest.__file__)
    assert not is_script_file("<frozen importlib._bootstrap>")
    assert not is_script_file(str(ROOT / "ppodoctor" / "run.py"))
    assert is_script_file(str(ROOT / "examples" / "class_agent.py"))


def test_library_and_script(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "some_library.py").write_text("def call(function):\n    return function()\n")
    monkeypatch.syspath_prepend(str(installed))
    import some_library  # type: ignore[import-not-found]

    def sites():
        return frame_sites(skip=2)

    script, library = some_library.call(sites)
    assert script.line == here() - 1
    assert (Path(library.file).name, library.line) == ("some_library.py", 2)
    script, library = some_library.call(lambda: frame_sites(("some_library",)))
    assert script.file == __file__
    assert library is None
    script, library = frame_sites()
    assert library is None
    monkeypatch.delitem(sys.modules, "some_library")


def test_the_stack_innermost_first():
    def inner():
        return script_stack(2)

    stack = inner()
    assert [site.function.rsplit(".", 1)[-1] for site in stack] == ["inner", "test_the_stack_innermost_first"]


def test_code_without_a_file():
    program = textwrap.dedent(
        """
        from ppodoctor.watching.sites import script_site
        def f():
            return script_site()
        print(f().line)
        """
    )
    out = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout == "4\n"
