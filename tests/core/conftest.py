"""Everything here needs the compiled core; where no compiler was at hand it is skipped, and says so."""

import pytest

from ppodoctor import core


def pytest_collection_modifyitems(items):
    if core.why_not():
        for item in items:
            if "tests/core" in str(item.path) and "without" not in item.name:
                item.add_marker(pytest.mark.skip(reason=core.why_not()))


@pytest.fixture(params=["avx512", "avx2", "generic"])
def instruction_set(request):
    """Each instruction set that this machine runs, in use for the test."""
    _core = pytest.importorskip("ppodoctor.core._core")
    names = _core.instruction_sets()
    if request.param not in names:
        pytest.skip(f"this machine does not run {request.param}")
    _core.use(request.param)
    yield request.param
    _core.use(names[0])
