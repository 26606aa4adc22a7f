"""Makes the calls that write records, several at a time, and settles each record by its own result."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.crm.collection import (
    CollectionCall,
    Form,
    already_there,
    is_own_key,
    is_unnamed_race,
    is_upsert_refused,
    passing,
    plan,
    read_result,
    refusal,
)
from connector.crm.errors import CallRefused, OrgError, blamed_fields, read_errors, ruling_of
from connector.model.errors import CRMError, MayHaveLeft, NeverLeft, Passing
from connector.model.records import RecordWrite, WriteEnd, WriteResult

Ask = Callable[[str, str, bytes], Any]
"""Method, path below the version and JSON body to the parsed answer; passing trouble has been tried again within."""

EXTRA_CALLS = 40
"""Further calls that one refused call may cost, to part its bad records from the good ones; the rest is then parked."""

_MAY_BE_ONE_RECORDS_FAULT = frozenset({400, 413})
"""Statuses with which one record's values get the whole call refused: what they say, or how large they are."""

_UNREADABLE = "The org's answer does not say what became of each record; the write is made again."


class RecordWriter:
    """Writes records by sObject Collections. Thread-safe."""

    def __init__(self, ask: Ask, threads: int) -> None:
        self._ask = ask
        self._threads = threads
        self._inserted: frozenset[tuple[str, str]] = frozenset()

    def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """One result a write, in the order asked.

        An error that concerns the org as a whole ends the calls not yet made; their writes are PASSING with its code.

        Raises:
            CRMError: the org as a whole said no, and no call had an answer.
        """
        calls = plan(writes, self._inserted)
        if not calls:
            return []
        results: list[WriteResult | None] = [None] * len(writes)
        run = _Run(self._settled)
        if len(calls) == 1:
            answers = [run(calls[0])]
        else:
            with ThreadPoolExecutor(min(self._threads, len(calls)), thread_name_prefix="crm-write") as pool:
                answers = list(pool.map(run, calls))
        if run.error is not None and not run.answered:
            raise run.error
        for call, answer in zip(calls, answers, strict=True):
            for position, result in zip(call.positions, answer, strict=True):
                results[position] = result
        return [result for result in results if result is not None]

    def _settled(self, call: CollectionCall) -> list[WriteResult]:
        return _Settlement(self._ask, self._insert_from_now_on).settle(call)

    def _insert_from_now_on(self, call: CollectionCall) -> None:
        first = call.writes[0]
        self._inserted |= {(first.object, first.key_field or "")}


class _Run:
    """One write's calls: the first error of the org as a whole stops those that have not begun.

    A refusal of one call stops no other: what that call asks for may be at fault, and the others must not wait for it.
    """

    def __init__(self, settle: Callable[[CollectionCall], list[WriteResult]]) -> None:
        self._settle = settle
        self.error: CRMError | None = None
        self.answered = False

    def __call__(self, call: CollectionCall) -> list[WriteResult]:
        if self.error is None or isinstance(self.error, CallRefused):
            try:
                results = self._settle(call)
            except CallRefused as refused:
                self.error = self.error or refused
                return [passing(write, refused.code, str(refused)) for write in call.writes]
            except CRMError as error:
                self.error = error
            else:
                self.answered = True
                return results
        return [passing(write, self.error.code, str(self.error)) for write in call.writes]


class _Settlement:
    """One call taken to its end, with the further calls that its answer asks for."""

    def __init__(self, ask: Ask, insert_from_now_on: Callable[[CollectionCall], None]) -> None:
        self._ask = ask
        self._insert_from_now_on = insert_from_now_on
        self._extra_calls = EXTRA_CALLS

    def settle(self, call: CollectionCall) -> list[WriteResult]:
        """One result a write of the call. Raises CRMError for what concerns the org as a whole."""
        try:
            body = call.body()
        except (TypeError, ValueError) as error:
            return self._refused(call, _unwriteable(error))
        try:
            answer = self._ask(call.method, call.path, body)
        except (Passing, NeverLeft, MayHaveLeft) as error:
            code = getattr(error, "code", "") or type(error).__name__
            return [passing(write, code, str(error)) for write in call.writes]
        except CallRefused as refused:
            return self._refused(call, refused)
        if not _answers_each(call, answer):
            return [passing(write, "UNREADABLE", _UNREADABLE) for write in call.writes]
        return self._read(call, answer)

    def _read(self, call: CollectionCall, rows: list[dict[str, Any]]) -> list[WriteResult]:
        if all(is_upsert_refused(call, read_errors(row.get("errors"))) for row in rows):
            return self._inserted(call)
        results = [read_result(call, write, row) for write, row in zip(call.writes, rows, strict=True)]
        if call.form is Form.UPSERT:
            self._settle_races(call, rows, results)
        return results

    def _settle_races(self, call: CollectionCall, rows: list[dict[str, Any]], results: list[WriteResult]) -> None:
        """Of two racing upserts of one key one is told DUPLICATE_VALUE; asked again, it is an update."""
        lost = [index for index, write in enumerate(call.writes) if _lost_a_race(write, rows[index])]
        if not lost:
            return
        again = call.of(lost)
        try:
            answer = self._ask(again.method, again.path, again.body())
        except (CRMError, NeverLeft, MayHaveLeft) as error:
            for index in lost:
                results[index] = passing(call.writes[index], "DUPLICATE_VALUE", str(error))
            return
        for index, row in zip(lost, answer if _answers_each(again, answer) else (), strict=False):
            write = call.writes[index]
            own = next((error for error in read_errors(row.get("errors")) if is_own_key(write, error)), None)
            results[index] = already_there(write, own) if own else read_result(again, write, row)

    def _refused(self, call: CollectionCall, refused: CallRefused) -> list[WriteResult]:
        if is_upsert_refused(call, refused.errors):
            return self._inserted(call)
        if any(ruling_of(error).end is WriteEnd.FIELD_LOST for error in refused.errors):
            return self._without_lost_fields(call, refused)
        if refused.status == 404 and call.form is Form.UPSERT:
            return [refusal(write, refused.errors) for write in call.writes]
        if refused.status not in _MAY_BE_ONE_RECORDS_FAULT:
            raise refused
        if len(call.writes) == 1 or self._extra_calls <= 0:
            errors = refused.errors if refused.status == 400 else (OrgError("TOO_LARGE", str(refused)),)
            return [refusal(write, errors) for write in call.writes]
        self._extra_calls -= 2
        middle = len(call.writes) // 2
        return self.settle(call.of(range(middle))) + self.settle(call.of(range(middle, len(call.writes))))

    def _inserted(self, call: CollectionCall) -> list[WriteResult]:
        self._insert_from_now_on(call)
        return self.settle(CollectionCall(Form.INSERT, call.writes, call.positions))

    def _without_lost_fields(self, call: CollectionCall, refused: CallRefused) -> list[WriteResult]:
        """The records with a lost field are told so; the rest of the call is asked again without them."""
        lost = {name.lower() for name in blamed_fields(refused.errors)}
        rest = [index for index, write in enumerate(call.writes) if lost and not lost & _field_names(write)]
        if len(rest) == len(call.writes):
            rest = []
        results = [refusal(write, refused.errors) for write in call.writes]
        for index, result in zip(rest, self.settle(call.of(rest)) if rest else (), strict=True):
            results[index] = result
        return results


def _field_names(write: RecordWrite) -> set[str]:
    return {name.lower() for name in (*write.fields, write.key_field or "")}


def _answers_each(call: CollectionCall, answer: Any) -> bool:
    return (
        isinstance(answer, list)
        and len(answer) == len(call.writes)
        and all(isinstance(result, dict) for result in answer)
    )


def _unwriteable(error: Exception) -> CallRefused:
    """A value that JSON has no word for, as the org would refuse it: one record's fault, found by halves."""
    said = str(error.__cause__ or error)
    return CallRefused(said, errors=(OrgError("JSON_PARSER_ERROR", said),), status=400)


def _lost_a_race(write: RecordWrite, row: dict[str, Any]) -> bool:
    return any(is_own_key(write, error) or is_unnamed_race(error) for error in read_errors(row.get("errors") or []))
