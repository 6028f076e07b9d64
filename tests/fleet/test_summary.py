"""Counting results."""

from __future__ import annotations

from licensespring_async.fleet import Outcome, Result, Summary


def summary_of(*kinds: tuple[Outcome, str]) -> Summary:
    summary = Summary()
    for number, (outcome, code) in enumerate(kinds, 1):
        summary.add(Result(row=number, outcome=outcome, code=code))
    return summary


def test_counts_by_outcome_and_code() -> None:
    """Tallies come by outcome, then the largest first, then by code."""
    summary = summary_of(
        (Outcome.ERROR, "connection_failed"),
        (Outcome.NOT_LICENSED, "blacklisted"),
        (Outcome.NOT_LICENSED, "license_expired"),
        (Outcome.NOT_LICENSED, "license_expired"),
        (Outcome.NOT_LICENSED, "archived_product"),
        (Outcome.LICENSED, "ok"),
    )
    assert [(tally.outcome, tally.code, tally.rows) for tally in summary.tallies()] == [
        (Outcome.LICENSED, "ok", 1),
        (Outcome.NOT_LICENSED, "license_expired", 2),
        (Outcome.NOT_LICENSED, "archived_product", 1),
        (Outcome.NOT_LICENSED, "blacklisted", 1),
        (Outcome.ERROR, "connection_failed", 1),
    ]


def test_counts_rows_and_outcomes() -> None:
    """The totals add up over the codes."""
    summary = summary_of((Outcome.ERROR, "a"), (Outcome.ERROR, "b"), (Outcome.LICENSED, "ok"))
    assert (summary.rows, summary.of(Outcome.ERROR), summary.of(Outcome.SKIPPED)) == (3, 2, 0)


def test_invented_codes_count_together() -> None:
    """Its size does not grow with the codes that a service invents, and no row is left out."""
    summary = summary_of(*((Outcome.ERROR, f"code-{number}") for number in range(1000)), (Outcome.LICENSED, "ok"))
    assert (summary.rows, summary.of(Outcome.ERROR), summary.of(Outcome.LICENSED)) == (1001, 1000, 1)
    assert len(summary.tallies()) == 502
    assert max(summary.tallies(), key=lambda tally: tally.rows).code == "(others)"


def test_keeps_the_first_result_of_each_kind() -> None:
    """Every tally has an example."""
    (tally,) = summary_of((Outcome.ERROR, "a"), (Outcome.ERROR, "a")).tallies()
    assert tally.first.row == 1
