import pytest


@pytest.fixture
def people(sandbox):
    return sandbox.org.insert("Contact", [{"LastName": f"P{number:04d}"} for number in range(2500)])


def test_a_long_answer_comes_in_pages(client, people):
    """2,000 rows to a page, then a nextRecordsUrl; every row once and in order."""
    first = client.query("SELECT Id, LastName FROM Contact ORDER BY LastName")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2500, False, 2000)
    second = client("GET", first["nextRecordsUrl"]).json()
    assert (second["done"], len(second["records"]), "nextRecordsUrl" in second) == (True, 500, False)
    assert [each["Id"] for each in first["records"] + second["records"]] == people


@pytest.mark.parametrize(("asked", "given"), [(250, 250), (10, 200), (9999, 2000)])
def test_a_client_may_ask_for_smaller_pages(client, people, asked, given):
    """Sforce-Query-Options sets the page between 200 and 2,000 rows."""
    headers = {"Sforce-Query-Options": f"batchSize={asked}"}
    assert len(client.query("SELECT Id FROM Contact", **headers)["records"]) == given


def test_a_cursor_keeps_its_rows_though_records_change(client, people):
    """Rows made or deleted after the query neither shift pages nor repeat."""
    first = client.query("SELECT Id FROM Contact ORDER BY LastName")
    client("POST", "/sobjects/Contact", {"LastName": "A first one"})
    client("DELETE", f"/sobjects/Contact/{people[0]}")
    second = client("GET", first["nextRecordsUrl"]).json()
    assert [each["Id"] for each in second["records"]] == people[2000:]


def test_a_locator_that_is_not_there_is_refused(client):
    """INVALID_QUERY_LOCATOR."""
    assert client.refused("GET", "/query/01g000000000001AAA-2000") == (400, "INVALID_QUERY_LOCATOR")


def test_query_all_reads_the_recycle_bin(client, people):
    """Deleted records show in queryAll alone, as IsDeleted."""
    client("DELETE", f"/sobjects/Contact/{people[0]}")
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 2499
    soql = "SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true"
    assert client.query(soql)["totalSize"] == 0
    [record] = client("GET", "/queryAll", params={"q": soql}).json()["records"]
    assert (record["Id"], record["IsDeleted"]) == (people[0], True)
    every = client("GET", "/queryAll", params={"q": "SELECT Id FROM Contact"}).json()
    assert "/queryAll/" in every["nextRecordsUrl"]
    assert len(client("GET", every["nextRecordsUrl"]).json()["records"]) == 500


def test_records_carry_their_type_and_address(client, people):
    """attributes.url can be fetched as it is."""
    [record] = client.query("SELECT Id FROM Contact LIMIT 1")["records"]
    assert record["attributes"]["type"] == "Contact"
    assert client("GET", record["attributes"]["url"]).json()["Id"] == record["Id"]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Contact WHERE Id IN ()", "MALFORMED_QUERY"),
        ("SELECT Id", "MALFORMED_QUERY"),
        ("SELECT Nothing__c FROM Contact", "INVALID_FIELD"),
        ("SELECT Nothing__r.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Nothing__c = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE DoNotCall = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM SMS_Message__c WHERE Body__c = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM SMS_Message__c ORDER BY Body__c", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE AccountId = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Contact", "INVALID_TYPE"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Id IN ('" + "x" * 100_000 + "')", "QUERY_TOO_COMPLICATED"),
    ],
)
def test_a_wrong_query_is_refused_with_salesforces_code(sandbox, soql, code):
    """Each kind of mistake has its own errorCode."""
    from connector.sandbox.org.errors import OrgError
    from connector.sandbox.org.rest.exchange import Call
    from connector.sandbox.org.rest.query import query

    call = Call("GET", "/query", sandbox.org_url, {"q": soql}, {}, b"", "/services/data/v66.0")
    with pytest.raises(OrgError) as refused:
        query(sandbox.org, call)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_an_error_points_into_the_query(client):
    """Row and column are those of the word that is wrong."""
    response = client("GET", "/query", params={"q": "SELECT Id, Foo__c FROM Contact"})
    [error] = response.json()
    assert error["errorCode"] == "INVALID_FIELD"
    assert error["message"] == (
        "\nSELECT Id, Foo__c FROM Contact\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Foo__c' on entity 'Contact'. If you are attempting to use a custom field, be sure to append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
        "names."
    )


def test_columns_can_be_asked_instead_of_rows(client):
    """`columns=true` describes the columns, as the sf command line wants them."""
    answer = client("GET", "/query", params={"q": "SELECT Id, Account.Name FROM Contact", "columns": "true"}).json()
    assert [each["columnName"] for each in answer["columnMetadata"]] == ["Id", "Name"]
    assert answer["entityName"] == "Contact"
