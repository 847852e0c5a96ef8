"""`ppodoctor checks [ID]`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter


def checks(
    name: Annotated[str | None, Parameter(name="ID", help="The check to explain; without it all are listed.")] = None, /
) -> int:
    """List what ppodoctor can name, or print one check's page.

    A page says what the check sees, why the fault hurts, what looks alike and how it is told apart, the fix, and where
    to read more.
    """
    from ppodoctor.checks import all_checks
    from ppodoctor.cli.statuses import UsageError
    from ppodoctor.reporting import check_pages
    from ppodoctor.reporting.terminal import make_console

    known = all_checks()
    if name is None:
        check_pages.render_list(known, make_console())
        return 0
    if name not in known:
        raise UsageError(check_pages.unknown(name, known))
    check_pages.render_page(known[name], make_console())
    return 0
