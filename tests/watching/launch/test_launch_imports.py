"""Post-import hooks: they call back once, at the right moment, and leave modules, loaders and errors as they were."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest

from ppodoctor.watching import imports


@pytest.fixture
def hooks(monkeypatch, tmp_path):
    """Hooks with nothing waiting, modules that can be imported, and everything put back at the end."""
    monkeypatch.setattr(imports, "_waiting", {})
    monkeypatch.setattr(imports, "_report", None)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    (tmp_path / "late.py").write_text("import math\nloader_while_running = __loader__\nready = True\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("ready = True\n")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_called_once_when_the_module_is_whole(hooks):
    seen = []
    imports.when_imported("late", lambda module: seen.append((module.__name__, module.ready)))
    assert seen == []
    late = importlib.import_module("late")
    importlib.reload(late)
    assert seen == [("late", True)]


def test_called_at_once_for_a_module_that_is_there(hooks):
    seen = []
    imports.when_imported("math", seen.append)
    assert seen == [sys.modules["math"]]


def test_the_loader_is_the_modules_own(hooks):
    plain = importlib.import_module("package.inner")
    imports.when_imported("late", lambda module: None)
    late = importlib.import_module("late")
    assert type(late.__spec__.loader) is type(plain.__spec__.loader)
    assert late.__loader__ is late.__spec__.loader is late.loader_while_running
    assert "ready = True" in late.__loader__.get_source("late")


def test_looking_for_a_module_is_not_importing_it(hooks):
    seen = []
    imports.when_imported("late", seen.append)
    spec = importlib.util.find_spec("late")
    assert spec is not None
    assert spec.loader.get_source("late")
    assert not seen
    importlib.import_module("late")
    assert len(seen) == 1


def test_a_module_inside_a_package(hooks):
    seen = []
    imports.when_imported("package.inner", lambda module: seen.append(module.ready))
    importlib.import_module("package.inner")
    assert seen == [True]


def test_an_extension_module(hooks):
    name = "_testcapi" if importlib.util.find_spec("_testcapi") else "_elementtree"
    sys.modules.pop(name, None)
    seen = []
    imports.when_imported(name, seen.append)
    assert seen == ([] if name not in sys.modules else seen)
    module = importlib.import_module(name)
    assert seen == [module]


def test_an_error_in_the_module_is_the_scripts(hooks):
    seen = []
    imports.when_imported("broken", seen.append)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            importlib.import_module("broken")
    imports.when_imported("no_such_module_anywhere", seen.append)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        importlib.import_module("no_such_module_anywhere")
    assert seen == []


def test_an_error_in_a_callback_is_reported_and_the_next_is_called(hooks):
    said, seen = [], []
    imports.report_to(said.append)
    imports.when_imported("late", lambda module: module.missing)
    imports.when_imported("late", seen.append)
    late = importlib.import_module("late")
    assert seen == [late]
    assert len(said) == 1
    assert "late" in said[0]
    assert "missing" in said[0]


def test_a_module_that_another_hook_answered_for_is_noticed_at_the_next_import(hooks):
    class Other:
        @staticmethod
        def find_spec(name, path=None, target=None):
            file = str(hooks / "late.py")
            return importlib.util.spec_from_file_location(name, file) if name == "late" else None

    seen = []
    imports.when_imported("late", seen.append)
    sys.meta_path.insert(0, Other)
    late = importlib.import_module("late")
    importlib.import_module("package")
    assert seen == [late]


def test_a_module_that_replaces_itself(hooks):
    (hooks / "chameleon.py").write_text("import sys, types\nsys.modules[__name__] = types.SimpleNamespace(new=True)\n")
    seen = []
    imports.when_imported("chameleon", seen.append)
    chameleon = importlib.import_module("chameleon")
    assert seen == [chameleon]
    assert chameleon.new


def test_forgotten_callbacks_are_not_called(hooks):
    seen, kept = [], []
    imports.when_imported("late", seen.append)
    imports.when_imported("late", kept.append)
    imports.forget(seen.append)
    importlib.import_module("late")
    assert (len(seen), len(kept)) == (0, 1)
