"""Generated pages: complete, and not stale."""

from __future__ import annotations

import pytest

from ppodoctor.checks import all_checks
from ppodoctor.records import columns
from ppodoctor.reporting.docs import NOTICE, PAGES, covered, fault_table, main, stale
from ppodoctor.reporting.json_report import schema


def test_every_fault_has_a_number_and_a_name_of_its_own():
    faults = fault_table()
    assert list(faults) == list(range(1, 103))
    names = [facts["name"] for facts in faults.values()]
    assert len(set(names)) == len(names)


def test_checks_name_only_faults_that_exist():
    assert set(covered()) <= set(fault_table())


def test_every_check_column_fault_and_key_is_on_its_page():
    texts = {name: make() for name, make in PAGES.items()}
    assert all(f"### {name}\n" in texts["checks.md"] for name in all_checks())
    assert all(f"| `{name}` |" in texts["columns.md"] for name in columns())
    assert all(f"\n| {number} | " in texts["faults.md"] for number in fault_table())
    assert all(f"| `{name}` |" in texts["json.md"] for name in schema()["properties"])


def test_tables_have_as_many_cells_in_every_row():
    for text in (PAGES["columns.md"](), PAGES["faults.md"](), PAGES["json.md"]()):
        rows = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
        width = None
        for row in rows:
            width = row.count("|") if width is None or row.startswith("|---") else width
        for before, row in zip([None, *rows], rows, strict=False):
            if before is not None and not row.startswith(("|---", "| |", "| key", "| column")):
                assert row.count("|") >= 4


@pytest.fixture
def folder(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    return tmp_path


def test_written_pages_are_not_stale(folder, capsys):
    assert stale(folder) == []
    assert main(["--check", str(folder)]) == 0
    assert all((folder / name).read_text().startswith(NOTICE) for name in PAGES)


def test_a_changed_page_is_named_and_not_rewritten_by_a_check(folder, capsys):
    (folder / "faults.md").write_text("old")
    assert main(["--check", str(folder)]) == 1
    assert "faults.md" in capsys.readouterr().err
    assert (folder / "faults.md").read_text() == "old"
    main([str(folder)])
    assert stale(folder) == []
