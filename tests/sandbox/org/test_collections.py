import pytest

COLLECTION = "/composite/sobjects"


def records(kind, rows):
    return [{"attributes": {"type": kind}, **row} for row in rows]


@pytest.fixture
def messages(sandbox):
    return sandbox.org.insert("SMS_Message__c", [{"Body__c": str(number)} for number in range(3)])


def test_each_record_succeeds_or_fails_by_itself_in_order(client):
    """HTTP 200 with a result for each record: id and success, or errors under statusCode."""
    rows = records("Contact", [{"LastName": "A"}, {"FirstName": "B"}, {"LastName": "C", "Nothing__c": 1}])
    response = client("POST", COLLECTION, {"records": rows})
    first, second, third = response.json()
    assert response.status_code == 200
    assert first == {"id": first["id"], "success": True, "errors": []}
    assert not second["success"]
    assert "id" not in second
    [error] = second["errors"]
    assert (error["statusCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", ["LastName"])
    assert third["errors"][0]["statusCode"] == "INVALID_FIELD"
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 1


def test_all_or_none_takes_everything_back(client, messages):
    """With allOrNone one failure undoes the rest, and the others say so."""
    rows = records("SMS_Message__c", [{"id": messages[0], "Body__c": "new"}, {"id": messages[1], "Status__c": "Gone"}])
    first, second = client("PATCH", COLLECTION, {"allOrNone": True, "records": rows}).json()
    assert first["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert second["errors"][0]["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert client("GET", f"/sobjects/SMS_Message__c/{messages[0]}").json()["Body__c"] == "0"


def test_two_hundred_records_fit_and_no_more(client):
    """201 records are EXCEEDED_ID_LIMIT for the whole call."""
    rows = records("Contact", [{"LastName": str(number)} for number in range(201)])
    assert client.refused("POST", COLLECTION, {"records": rows}) == (400, "EXCEEDED_ID_LIMIT")
    assert all(each["success"] for each in client("POST", COLLECTION, {"records": rows[:200]}).json())


def test_a_call_may_have_ten_runs_of_a_type(client):
    """An eleventh change of type refuses the call; sorted by type it passes."""
    rows = records("Contact", [{"LastName": "A"}]) + records("Account", [{"Name": "B"}])
    assert client.refused("POST", COLLECTION, {"records": rows * 6})[0] == 400
    ordered = sorted(rows * 6, key=lambda row: row["attributes"]["type"])
    assert all(each["success"] for each in client("POST", COLLECTION, {"records": ordered}).json())
    assert len(client("POST", COLLECTION, {"records": rows * 5}).json()) == 10


def test_the_same_id_twice_in_a_call_fails_the_second_time(client, messages):
    """The second record of an id is refused, the first stands."""
    rows = records("SMS_Message__c", [{"id": messages[0], "Body__c": "a"}, {"Id": messages[0][:15], "Body__c": "b"}])
    first, second = client("PATCH", COLLECTION, {"records": rows}).json()
    assert first["success"]
    assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert client("GET", f"/sobjects/SMS_Message__c/{messages[0]}").json()["Body__c"] == "a"


def test_update_tells_missing_deleted_and_malformed_apart(client, messages):
    """Each kind of absent record has its own code in its own result."""
    client("DELETE", f"/sobjects/SMS_Message__c/{messages[0]}")
    ids = [messages[0], "a00000000000001AAA", "nonsense", "003000000000001AAA", None, messages[1]]
    rows = records("SMS_Message__c", [{"id": each, "Body__c": "x"} for each in ids])
    results = client("PATCH", COLLECTION, {"records": rows}).json()
    codes = [each["errors"][0]["statusCode"] if each["errors"] else None for each in results]
    assert codes == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MALFORMED_ID",
        "MALFORMED_ID",
        None,
    ]


def test_a_wrong_type_refuses_the_whole_call_and_writes_nothing(client, messages):
    """A body that cannot be read as records is not well formed: 400, and no record changed."""
    rows = records("Contact", [{"LastName": "A"}]) + records("SMS_Message__c", [{"Priority__c": "x"}])
    assert client.refused("POST", COLLECTION, {"records": rows}) == (400, "JSON_PARSER_ERROR")
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


@pytest.mark.parametrize("body", [{}, {"records": "x"}, {"records": [1]}, {"records": [{"LastName": "A"}]}, []])
def test_a_body_that_is_no_collection_is_refused(client, body):
    """Without a list of records that name their types there is nothing to do."""
    assert client("POST", COLLECTION, json=body).status_code == 400


def test_an_unknown_type_fails_its_records_alone(client):
    """INVALID_TYPE in the result of the record."""
    rows = records("Nothing__c", [{}]) + records("Contact", [{"LastName": "A"}])
    first, second = client("POST", COLLECTION, {"records": rows}).json()
    assert first["errors"][0]["statusCode"] == "INVALID_TYPE"
    assert second["success"]


def test_upsert_says_what_it_created(client, sandbox):
    """Records of a known key are updated, new ones created, a key given twice is refused the second time."""
    sandbox.org.insert("Task", [{"SMS_External_Id__c": "old", "Subject": "x"}])
    keys = ["old", "new", "NEW", "", "OLD"]
    rows = records("Task", [{"SMS_External_Id__c": key, "Subject": "y"} for key in keys])
    results = client("PATCH", f"{COLLECTION}/Task/SMS_External_Id__c", {"records": rows}).json()
    assert [(each["success"], each["created"]) for each in results] == [
        (True, False),
        (True, True),
        (False, False),
        (False, False),
        (False, False),
    ]
    assert results[2]["errors"][0]["message"] == "Duplicate external id specified: NEW"
    assert results[4]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert results[3]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    assert client.query("SELECT COUNT() FROM Task WHERE Subject = 'y'")["totalSize"] == 2


def test_upsert_takes_one_type_and_one_external_id(client):
    """Another type in the list, or a field that is no key, refuses the call."""
    rows = records("Contact", [{"LastName": "A"}])
    assert client.refused("PATCH", f"{COLLECTION}/Task/SMS_External_Id__c", {"records": rows})[0] == 400
    assert client.refused("PATCH", f"{COLLECTION}/Task/Subject", {"records": []}) == (404, "NOT_FOUND")


def test_delete_and_retrieve_take_lists_of_ids(client, messages):
    """Deleting answers a result each; retrieving answers null for what is not there."""
    fields = {"ids": ",".join([messages[0], "a00000000000001AAA"]), "fields": "Body__c"}
    found = client("GET", f"{COLLECTION}/SMS_Message__c", params=fields).json()
    assert (found[0]["Body__c"], found[1]) == ("0", None)
    assert (
        client("POST", f"{COLLECTION}/SMS_Message__c", {"ids": messages, "fields": ["Body__c"]}).json()[2]["Body__c"]
        == "2"
    )
    results = client("DELETE", COLLECTION, params={"ids": f"{messages[0]},nonsense"}).json()
    assert [each["success"] for each in results] == [True, False]
    results = client("DELETE", COLLECTION, params={"ids": f"{messages[1]},nonsense", "allOrNone": "true"}).json()
    assert [each["success"] for each in results] == [False, False]
    assert client.query("SELECT COUNT() FROM SMS_Message__c")["totalSize"] == 2


def test_a_claim_loses_in_its_own_result(client, messages):
    """Of two claims the second fails record by record, by the validation rule."""
    claim = {"Claim_Expires__c": "2099-01-01T00:00:00Z"}
    one = records("SMS_Message__c", [{"id": messages[0], "Claim_Token__c": "one", **claim}])
    two = records("SMS_Message__c", [{"id": each, "Claim_Token__c": "two", **claim} for each in messages])
    assert client("PATCH", COLLECTION, {"records": one}).json()[0]["success"]
    results = client("PATCH", COLLECTION, {"records": two}).json()
    assert [each["success"] for each in results] == [False, True, True]
    assert results[0]["errors"][0]["statusCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
