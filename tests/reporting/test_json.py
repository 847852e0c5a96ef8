"""The JSON: its schema, its keys, and nothing that JSON does not know."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest
from made import healthy, made_finding, made_run, sick, undecided

from ppodoctor.checks.api import Evidence
from ppodoctor.findings import CAUSE_FOUND, Diagnosis
from ppodoctor.records import Setting
from ppodoctor.reporting.json_report import SCHEMA, dumps, schema, to_json
from ppodoctor.reporting.report import build_report
from ppodoctor.run import Run

RUNS = [made_run(), made_run(count=0), Run(folder=None)]


@pytest.mark.parametrize("diagnosis", [sick(), healthy(), undecided()], ids=lambda d: d.verdict)
@pytest.mark.parametrize("run", RUNS, ids=["full", "no updates", "empty"])
def test_every_document_fits_the_schema(diagnosis, run):
    document = json.loads(dumps(build_report(run, diagnosis)))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(document, schema())
    assert document["schema"] == SCHEMA
    assert document["verdict"] == diagnosis.verdict


def test_a_cause_has_the_promised_keys():
    (cause,) = to_json(build_report(made_run(), sick()))["causes"]
    promised = {"id", "title", "confidence", "basis", "where", "evidence", "fix", "refuted_by"}
    assert promised <= set(cause)
    assert cause["where"][0]["file"] == "/home/somebody/ppo/my_ppo.py"
    assert cause["where"][0]["line"] == 8
    assert cause["evidence"][1]["data"]["healthy"] == [0.2, None]
    assert cause["consequences"][0]["id"] == "entropy_collapsed"


def test_skipped_says_what_was_missing():
    document = to_json(build_report(made_run(), sick()))
    assert document["skipped"][0]["missing"] == ["value_loss", "target_mean"]
    assert document["clear"][0] == {"id": "steps_too_large", "title": "Updates move the policy too far"}


def test_the_schema_describes_every_key_that_is_written():
    document = to_json(build_report(made_run(), sick()))
    described = schema()
    assert set(document) == set(described["properties"])
    assert set(document["causes"][0]) == set(described["$defs"]["finding"]["properties"])
    assert set(document["causes"][0]["evidence"][0]) == set(described["$defs"]["evidence"]["properties"])
    assert set(document["run"]) == set(described["properties"]["run"]["properties"])


def test_numbers_that_are_not_finite_become_null_and_arrays_lists():
    data = {"nan": float("nan"), "inf": np.float32("inf"), "array": np.arange(3), "path": object(), 5: {1}}
    finding = made_finding(evidence=(Evidence("x", data=data),))
    run = made_run(settings={"betas": Setting((np.float64(0.9), np.nan))})
    report = build_report(run, Diagnosis(CAUSE_FOUND, "", causes=(finding,)))
    document = json.loads(dumps(report))
    given = document["causes"][0]["evidence"][0]["data"]
    assert (given["nan"], given["inf"], given["array"], given["5"]) == (None, None, [0, 1, 2], [1])
    assert document["settings"]["betas"]["value"] == [0.9, None]
    assert "NaN" not in dumps(report)


def test_the_fit_is_told_without_its_points_which_are_in_the_figure():
    document = to_json(build_report(made_run(), sick()))
    assert "actual" not in document["fits"][0]
    assert [figure["kind"] for figure in document["figures"]].count("scatter") == 1
