"""What queries answer, over records that show each rule."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org


@pytest.fixture(scope="module")
def org():
    org = Org()
    accounts = org.insert("Account", [{"Name": "Acme", "Industry": "Retail"}, {"Name": "Zeta", "AnnualRevenue": 12.5}])
    contacts = org.insert(
        "Contact",
        [
            {"LastName": "Alba", "FirstName": "Ana", "AccountId": accounts[0], "MailingCountryCode": "MX"},
            {"LastName": "Bell", "AccountId": accounts[1], "MailingCountryCode": "MY", "DoNotCall": True},
            {"LastName": "O'Neil", "MailingCountryCode": "mx", "Birthdate": "1990-05-17"},
        ],
    )
    [lead] = org.insert("Lead", [{"LastName": "Lee", "Company": "L"}])
    [campaign] = org.insert("Campaign", [{"Name": "Autumn"}])
    org.insert(
        "SMS_Message__c",
        [
            {"Contact__c": contacts[0], "Status__c": "Queued", "Priority__c": 2, "Sender__c": "50%_off"},
            {"Contact__c": contacts[1], "Status__c": "Queued", "Send_After__c": "2026-11-21T10:00:00+02:00"},
            {"Contact__c": contacts[2], "Status__c": "Sent", "Priority__c": 1, "Campaign__c": campaign},
            {"Lead__c": lead, "Status__c": "Failed", "Priority__c": 1, "Error__c": "no number"},
        ],
    )
    org.insert(
        "Task",
        [
            {"WhoId": contacts[0], "WhatId": accounts[0], "Subject": "b", "Status": "Completed"},
            {"WhoId": contacts[0], "WhatId": campaign, "Subject": "a"},
            {"WhoId": lead, "Subject": "c"},
        ],
    )
    yield org
    org.close()


def numbers(org, where, order="Name"):
    """The last digits of the names of the messages that match."""
    tail = f" WHERE {where}" if where else ""
    found = org.query(f"SELECT Name FROM SMS_Message__c{tail} ORDER BY {order}")  # noqa: S608
    return "".join(row["Name"][-1] for row in found)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Status__c = 'QUEUED'", "12"),
        ("status__C != 'queued'", "34"),
        ("Priority__c = 1", "34"),
        ("Priority__c != 1", "12"),
        ("Priority__c > 1", "1"),
        ("Priority__c <= 2.0", "134"),
        ("Priority__c = NULL", "2"),
        ("Priority__c != null", "134"),
        ("Error__c = ''", "123"),
        ("NOT Priority__c > 1", "234"),
        ("NOT (Priority__c = 1 AND Status__c = 'Sent')", "124"),
        ("Status__c IN ('Sent', 'Failed')", "34"),
        ("Status__c NOT IN ('Sent', 'Failed')", "12"),
        ("Priority__c IN (2, NULL)", "12"),
        ("Priority__c NOT IN (2)", "234"),
        ("Sender__c LIKE '50\\%\\_%'", "1"),
        ("Sender__c LIKE '50\\%\\_'", ""),
        ("Error__c LIKE 'NO _umber'", "4"),
        ("Status__c = 'Queued' AND (Priority__c = 2 OR Send_After__c = NULL)", "1"),
        ("Send_After__c = 2026-11-21T08:00:00Z", "2"),
        ("Send_After__c < 2026-11-21T08:00:01.000+0000", "2"),
        ("Contact__r.MailingCountryCode = 'MX'", "13"),
        ("Contact__r.Account.Name = 'zeta'", "2"),
        ("Contact__r.Account.Name = NULL", "34"),
        ("Contact__r.LastName = 'O\\'Neil'", "3"),
        ("Contact__r.DoNotCall = TRUE", "2"),
        ("Contact__r.DoNotCall = false", "13"),
        ("Contact__r.Birthdate = 1990-05-17", "3"),
        ("Contact__r.Birthdate < TODAY", "3"),
        ("Contact__c IN (SELECT WhoId FROM Task WHERE Status = 'Completed')", "1"),
        ("Contact__c NOT IN (SELECT Id FROM Contact WHERE DoNotCall = true)", "134"),
        ("CreatedDate = TODAY", "1234"),
        ("CreatedDate < TODAY", ""),
        ("CreatedDate >= LAST_N_DAYS:2", "1234"),
        ("CreatedDate > YESTERDAY AND CreatedDate <= TODAY", "1234"),
        ("DAY_ONLY(CreatedDate) = TODAY", "1234"),
        ("Owner.Name = 'Integration'", "1234"),
    ],
)
def test_where_means_what_salesforce_means(org, where, expected):
    """Case, nulls, escapes, relationships, semi-joins and dates follow SOQL's rules."""
    assert numbers(org, where) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Priority__c, Name", "2341"),
        ("Priority__c DESC, Name DESC", "2143"),
        ("Priority__c NULLS LAST, Name", "3412"),
        ("Priority__c DESC NULLS LAST, Name", "1342"),
        ("Contact__r.LastName DESC NULLS LAST", "3214"),
        ("Name LIMIT 2", "12"),
        ("Name LIMIT 2 OFFSET 1", "23"),
        ("Name OFFSET 3", "4"),
    ],
)
def test_order_puts_nulls_first_unless_told_and_limits_cut(org, order, expected):
    """ORDER BY, NULLS, LIMIT and OFFSET."""
    assert numbers(org, "", order) == expected


def test_parents_are_nested_and_absent_ones_are_null(org):
    """Each relationship of a path is an object with its own attributes."""
    rows = org.query(
        "SELECT Name, Contact__r.Name, Contact__r.Account.Name, Contact__r.DoNotCall FROM SMS_Message__c ORDER BY Name"
    )
    assert rows[1]["Contact__r"]["DoNotCall"] is True
    assert rows[0]["Contact__r"]["Name"] == "Ana Alba"
    assert rows[0]["Contact__r"]["Account"]["attributes"]["type"] == "Account"
    assert rows[2]["Contact__r"]["Account"] is None
    assert rows[3]["Contact__r"] is None


def test_a_lookup_of_several_kinds_shows_name_and_type(org):
    """Who and What lead to whatever they point at."""
    rows = org.query("SELECT Who.Name, Who.Type, What.Name FROM Task ORDER BY Subject")
    assert [(row["Who"]["Name"], row["Who"]["Type"], row["What"] and row["What"]["Name"]) for row in rows] == [
        ("Ana Alba", "Contact", "Autumn"),
        ("Ana Alba", "Contact", "Acme"),
        ("Lee", "Lead", None),
    ]
    assert rows[0]["Who"]["attributes"]["type"] == "Name"
    assert len(org.query("SELECT Id FROM Task WHERE Who.Type = 'Lead'")) == 1


def test_children_come_in_a_page_of_their_own(org):
    """A subquery answers by parent, filtered, ordered and limited there; none is null."""
    rows = org.query(
        "SELECT LastName, (SELECT Subject, What.Name FROM Tasks WHERE Subject != 'x' ORDER BY Subject LIMIT 1), "
        "(SELECT Name FROM SMS_Messages__r) FROM Contact ORDER BY LastName"
    )
    assert [(each["Subject"], each["What"]["Name"]) for each in rows[0]["Tasks"]["records"]] == [("a", "Autumn")]
    assert rows[0]["SMS_Messages__r"]["totalSize"] == 1
    assert rows[1]["Tasks"] is None


def test_aggregates_count_and_group(org):
    """COUNT, SUM, MIN, MAX, AVG and COUNT_DISTINCT by group, under their aliases, with HAVING."""
    rows = org.query(
        "SELECT Status__c, COUNT(Id) n, MAX(Priority__c), SUM(Priority__c) total FROM SMS_Message__c "
        "GROUP BY Status__c HAVING COUNT(Id) >= 1 ORDER BY COUNT(Id) DESC, Status__c"
    )
    plain = [{name: value for name, value in row.items() if name != "attributes"} for row in rows]
    assert plain == [
        {"Status__c": "Queued", "n": 2, "expr0": 2.0, "total": 2.0},
        {"Status__c": "Failed", "n": 1, "expr0": 1.0, "total": 1.0},
        {"Status__c": "Sent", "n": 1, "expr0": 1.0, "total": 1.0},
    ]
    assert rows[0]["attributes"] == {"type": "AggregateResult"}
    [row] = org.query("SELECT COUNT_DISTINCT(Status__c) kinds, AVG(Priority__c) mean FROM SMS_Message__c")
    assert (row["kinds"], row["mean"]) == (3, pytest.approx(4 / 3))
    [row] = org.query("SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate)")
    assert (row["y"], row["expr0"]) == (org.clock.now().year, 1)


def test_all_fields_can_be_asked_at_once(org):
    """FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM)."""
    [row] = org.query("SELECT FIELDS(ALL) FROM Lead LIMIT 200")
    assert {"Id", "Company", "SMS_Opt_Out__c"} < set(row)
    [row] = org.query("SELECT FIELDS(STANDARD) FROM Lead")
    assert "SMS_Opt_Out__c" not in row
    [row] = org.query("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 1")
    assert set(row) == {"attributes", "SMS_Opt_Out__c", "External_Id__c"}


def test_an_alias_stands_for_the_object(org):
    """`FROM Contact c` lets fields be called `c.Name`; the object's own name works too."""
    assert len(org.query("SELECT c.Id, Contact.LastName FROM Contact c WHERE c.DoNotCall = true")) == 1


def test_relative_dates_follow_the_clock(org):
    """TODAY is the org's day at the time of the query, though the text was seen before."""
    assert numbers(org, "CreatedDate = TODAY") == "1234"
    org.clock.ahead = timedelta(days=1)
    try:
        assert numbers(org, "CreatedDate = TODAY") == ""
        assert numbers(org, "CreatedDate = YESTERDAY") == "1234"
    finally:
        org.clock.ahead = timedelta()


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40))
def test_a_record_is_found_by_whatever_its_field_holds(org, text):
    """Escaped and quoted, any text finds the record that holds it, by = and by IN and by LIKE."""
    [record_id] = org.insert("Account", [{"Name": text}])
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    pattern = escaped.replace("%", "\\%").replace("_", "\\_")
    for condition in (f"= '{escaped}'", f"IN ('{escaped}')", f"LIKE '{pattern}'"):
        found = org.query(f"SELECT Id FROM Account WHERE Name {condition} AND Id = '{record_id}'")  # noqa: S608
        assert len(found) == 1, condition


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Contact WHERE LastName < NULL",
        "SELECT Id FROM Contact WHERE AccountId LIKE '001%'",
        "SELECT Id FROM Contact WHERE LastName = TODAY",
        "SELECT Id FROM Contact WHERE CreatedDate = SOMEDAY",
        "SELECT Id FROM Contact WHERE CreatedDate LIKE TODAY",
        "SELECT NOTHING(Id) FROM Contact",
        "SELECT MAX() FROM Contact",
        "SELECT Id FROM Contact WHERE Id IN (SELECT Id, Name FROM Contact)",
        "SELECT Id FROM Task WHERE Who.Company = 'x' AND Who.Nothing = 1",
        "SELECT A.B.C.D.E.F.G.H FROM Contact",
    ],
)
def test_what_has_no_meaning_is_refused(org, soql):
    """Comparisons and functions that SOQL lacks end in an error of the query, not of the sandbox."""
    with pytest.raises(OrgError) as refused:
        org.query(soql)
    assert refused.value.code in ("MALFORMED_QUERY", "INVALID_FIELD", "INVALID_QUERY_FILTER_OPERATOR")
