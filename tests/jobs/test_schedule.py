"""The table of jobs, and how a job that reads the CRM slows down."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.server import Sandbox
from jobs.schedule import slowed, table
from tests.sync.site import NRS, SMSCLOUDS, new_store, site_on

ONCE = {"pull", "pauses", "note", "push", "release", "sweep", "housekeeping"}
AN_ACCOUNT = {"dispatch", "poll", "replies", "reconcile"}


def test_every_verb_has_its_row_and_every_account_its_own(
    sandbox: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    """One row for what concerns the whole, one an account for what talks to a provider; names are unique."""
    with site_on(sandbox, new_store(sqlite_template, tmp_path)) as site:
        executor = ThreadPoolExecutor(1)
        jobs = table(site.parts, site.app.settings, dict.fromkeys(site.parts.providers, executor))
        names = [job.name for job in jobs]
        assert len(names) == len(set(names))
        assert set(names) >= ONCE | {f"{verb} {account}" for verb in AN_ACCOUNT for account in (NRS, SMSCLOUDS)}
        assert all(wakes in names for job in jobs for wakes in job.wakes)
        by_name = {job.name: job for job in jobs}
        assert {name for name, job in by_name.items() if job.slows} == {"pull", "release", "sweep"}
        assert by_name[f"dispatch {SMSCLOUDS}"].hung_after > 600, "a send there may take ten minutes by its guide"
        assert by_name["pull"].every == site.app.settings.pace.pull


@given(st.floats(0.01, 3600), st.floats(0, 2))
def test_a_job_never_runs_faster_than_it_should_nor_more_than_twenty_times_slower(every: float, used: float) -> None:
    """Between full pace and a twentieth of it, whatever the budget says."""
    assert every <= slowed(every, used) <= every * 20 + 1e-9


@given(st.floats(0.01, 3600), st.floats(0, 1), st.floats(0, 1))
def test_the_more_is_used_the_slower(every: float, one: float, other: float) -> None:
    """The pause never shrinks as the day's budget runs out."""
    less, more = sorted((one, other))
    assert slowed(every, less) <= slowed(every, more) + 1e-9


@pytest.mark.parametrize(("used", "factor"), [(0.0, 1), (0.5, 1), (0.75, 2), (0.9, 5), (1.0, 20)])
def test_the_pace_by_the_share_that_is_used(used: float, factor: float) -> None:
    """Full pace to the half, then in proportion to what is left."""
    assert slowed(10.0, used) == pytest.approx(10.0 * factor)
