from datetime import timedelta

import pytest

MESSAGE = "/sobjects/SMS_Message__c"


@pytest.fixture
def contact(client):
    return client("POST", "/sobjects/Contact", {"LastName": "Núñez", "FirstName": "Ana"}).json()["id"]


@pytest.fixture
def message(client, contact):
    return client("POST", MESSAGE, {"Body__c": "Hola", "Contact__c": contact}).json()["id"]


def test_a_record_lives_from_create_to_delete(client, contact):
    """Create answers 201 with a Location, read shows typed fields, update and delete answer 204."""
    response = client("POST", MESSAGE, {"Body__c": "Hola", "Contact__c": contact, "Priority__c": 3})
    record_id = response.json()["id"]
    assert (response.status_code, response.json()) == (201, {"id": record_id, "success": True, "errors": []})
    assert response.headers["Location"].endswith(f"{MESSAGE}/{record_id}")
    assert len(record_id) == 18
    assert record_id.startswith("a00")
    record = client("GET", f"{MESSAGE}/{record_id}").json()
    assert record["attributes"]["type"] == "SMS_Message__c"
    assert record["Status__c"] == "Draft"
    assert record["Priority__c"] == 3.0
    assert record["Name"] == "SMS-00000001"
    assert record["IsDeleted"] is False
    assert record["CreatedDate"] == record["SystemModstamp"]
    assert record["CreatedDate"].endswith(".000+0000")
    assert record["OwnerId"] == record["CreatedById"]
    assert client("PATCH", f"{MESSAGE}/{record_id}", {"Status__c": "queued"}).status_code == 204
    assert client("GET", f"{MESSAGE}/{record_id}?fields=Status__c").json()["Status__c"] == "Queued"
    assert client("DELETE", f"{MESSAGE}/{record_id}").status_code == 204
    assert client.refused("GET", f"{MESSAGE}/{record_id}") == (404, "ENTITY_IS_DELETED")
    assert client.refused("PATCH", f"{MESSAGE}/{record_id}", {"Status__c": "Sent"}) == (404, "ENTITY_IS_DELETED")


def test_an_id_of_15_characters_means_the_same_record(client, message):
    """The short form of an id is accepted wherever the long form is."""
    assert client("GET", f"{MESSAGE}/{message[:15]}").json()["Id"] == message
    soql = f"SELECT Id FROM SMS_Message__c WHERE Id = '{message[:15]}'"  # noqa: S608
    assert client.query(soql)["totalSize"] == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Nothing__c": "x"}, "INVALID_FIELD"),
        ({"Sender__c": "x" * 41}, "STRING_TOO_LONG"),
        ({"Body__c": "x" * 4001}, "STRING_TOO_LONG"),
        ({"Status__c": "Gone"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Priority__c": "high"}, "JSON_PARSER_ERROR"),
        ({"Priority__c": 1000}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Body__c": 5}, "JSON_PARSER_ERROR"),
        ({"Body__c": ["x"]}, "JSON_PARSER_ERROR"),
        ({"Send_After__c": "tomorrow"}, "JSON_PARSER_ERROR"),
        ({"Send_After__c": "2026-11-21 10:00:00"}, "JSON_PARSER_ERROR"),
        ({"Contact__c": "nobody"}, "MALFORMED_ID"),
        ({"Contact__c": "001000000000001AAA"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Contact__c": "003000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Name": "SMS-1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Contact__r": {"External_Id__c": "nobody"}}, "INVALID_FIELD"),
    ],
)
def test_a_field_that_cannot_be_is_refused_on_create_and_on_update(client, message, fields, code):
    """Each wrong value answers 400 with Salesforce's code, whether the record is new or not."""
    assert client.refused("POST", MESSAGE, fields) == (400, code)
    assert client.refused("PATCH", f"{MESSAGE}/{message}", fields) == (400, code)


def test_a_wrong_type_is_reported_with_its_place_in_the_body(client, message):
    """JSON_PARSER_ERROR names the type, what was found, and where."""
    response = client("PATCH", f"{MESSAGE}/{message}", content=b'{"Body__c": "x",\n "Priority__c": "high"}')
    assert response.json()[0]["message"] == (
        "Cannot deserialize instance of double from VALUE_STRING value high or request may be missing a required field "
        "at [line:2, column:16]"
    )


def test_a_body_that_is_no_json_is_refused(client, message):
    """A body cut short is JSON_PARSER_ERROR; so is a list where an object is expected."""
    assert (
        client("PATCH", f"{MESSAGE}/{message}", content=b'{"Body__c": ').json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    )
    assert client.refused("PATCH", f"{MESSAGE}/{message}", [1]) == (400, "JSON_PARSER_ERROR")


def test_required_fields_cannot_be_missing_nor_emptied(client, contact):
    """REQUIRED_FIELD_MISSING names the fields."""
    response = client("POST", "/sobjects/Lead", {"FirstName": "Ana"})
    assert response.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert response.json()[0]["fields"] == ["LastName", "Company"]
    assert client.refused("PATCH", f"/sobjects/Contact/{contact}", {"LastName": None}) == (
        400,
        "REQUIRED_FIELD_MISSING",
    )
    assert client.refused("PATCH", f"/sobjects/Contact/{contact}", {"LastName": ""}) == (400, "REQUIRED_FIELD_MISSING")


def test_an_email_must_look_like_one(client, contact):
    """INVALID_EMAIL_ADDRESS."""
    assert client.refused("PATCH", f"/sobjects/Contact/{contact}", {"Email": "ana"}) == (400, "INVALID_EMAIL_ADDRESS")


def test_a_unique_value_belongs_to_one_record(client, message):
    """DUPLICATE_VALUE names the holder, whatever the case; the recycle bin holds nothing."""
    client("PATCH", f"{MESSAGE}/{message}", {"External_Id__c": "A1"})
    response = client("POST", MESSAGE, {"External_Id__c": "a1"})
    assert response.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert message[:15] in response.json()[0]["message"]
    client("DELETE", f"{MESSAGE}/{message}")
    assert client("POST", MESSAGE, {"External_Id__c": "a1"}).status_code == 201


def test_a_claim_is_exact(sandbox, client, message):
    """While a claim lies ahead no other token is taken; its owner may go on; later a queued record may be claimed."""
    address = f"{MESSAGE}/{message}"
    expires = "2026-11-21T00:00:00Z"
    sandbox.org.clock.ahead = timedelta()
    now = sandbox.org.clock.now()
    expires = (now + timedelta(minutes=5)).isoformat()
    assert client("PATCH", address, {"Claim_Token__c": "one", "Claim_Expires__c": expires}).status_code == 204
    response = client("PATCH", address, {"Claim_Token__c": "two", "Claim_Expires__c": expires})
    assert response.json() == [
        {
            "message": (
                "This message is claimed by another sender. "
                "Wait until its claim expires; then it can be claimed while its status is Queued."
            ),
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Claim_Token__c"],
        }
    ]
    assert client("PATCH", address, {"Claim_Token__c": "one", "Status__c": "Sent"}).status_code == 204
    sandbox.org.clock.ahead = timedelta(minutes=6)
    assert client("PATCH", address, {"Claim_Token__c": "two"}).status_code == 400
    assert client("PATCH", address, {"Status__c": "Queued"}).status_code == 204
    assert client("PATCH", address, {"Claim_Token__c": "two", "Status__c": "Sending"}).status_code == 204


def test_a_lookup_into_the_recycle_bin_is_refused_and_deleting_a_parent_empties_the_lookup(client, contact, message):
    """ENTITY_IS_DELETED for new pointers; old ones are set to null."""
    client("DELETE", f"/sobjects/Contact/{contact}")
    assert client("GET", f"{MESSAGE}/{message}").json()["Contact__c"] is None
    assert client.refused("PATCH", f"{MESSAGE}/{message}", {"Contact__c": contact}) == (404, "ENTITY_IS_DELETED")


def test_a_campaign_takes_its_members_along(client, contact):
    """Deleting a parent by a cascading lookup bins the children."""
    campaign = client("POST", "/sobjects/Campaign", {"Name": "C"}).json()["id"]
    member = client("POST", "/sobjects/CampaignMember", {"CampaignId": campaign, "ContactId": contact}).json()["id"]
    client("DELETE", f"/sobjects/Campaign/{campaign}")
    assert client.refused("GET", f"/sobjects/CampaignMember/{member}") == (404, "ENTITY_IS_DELETED")


def test_what_is_not_there_answers_as_documented(client):
    """GET of a missing id is 404 NOT_FOUND, PATCH and DELETE are 404 INVALID_CROSS_REFERENCE_KEY."""
    missing = f"{MESSAGE}/a00000000000001AAA"
    assert client.refused("GET", missing) == (404, "NOT_FOUND")
    assert client.refused("PATCH", missing, {"Body__c": "x"}) == (404, "INVALID_CROSS_REFERENCE_KEY")
    assert client.refused("DELETE", missing) == (404, "INVALID_CROSS_REFERENCE_KEY")
    assert client.refused("GET", "/sobjects/Nothing__c/a00000000000001AAA") == (404, "NOT_FOUND")
    assert client.refused("GET", f"{MESSAGE}/003000000000001AAA") == (400, "MALFORMED_ID")


def test_upsert_by_external_id_creates_then_updates(client, contact):
    """201 and created, then 200 and the same id; the value may hold any characters."""
    address = "/sobjects/Task/SMS_External_Id__c/nrs%2F17%20%C3%B1"
    first = client("PATCH", address, {"Subject": "SMS sent", "WhoId": contact})
    second = client("PATCH", address, {"Subject": "SMS delivered"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    record = client("GET", address).json()
    assert (record["Subject"], record["SMS_External_Id__c"], record["WhoId"]) == ("SMS delivered", "nrs/17 ñ", contact)
    assert client("DELETE", address).status_code == 204
    assert client.refused("GET", address) == (404, "NOT_FOUND")


def test_upsert_refuses_what_it_cannot_mean(client):
    """A field that is no external id is 404; the key in the body is INVALID_FIELD."""
    assert client.refused("PATCH", "/sobjects/Task/Subject/x", {"Status": "Completed"}) == (404, "NOT_FOUND")
    body = {"SMS_External_Id__c": "x"}
    assert client.refused("PATCH", "/sobjects/Task/SMS_External_Id__c/x", body) == (400, "INVALID_FIELD")


def test_several_holders_of_an_external_id_answer_300_with_their_addresses(sandbox, client):
    """When a value is no longer unique, upsert lists the records and changes none."""
    ids = sandbox.org.insert("Task", [{"SMS_External_Id__c": "a"}, {"SMS_External_Id__c": "b"}])
    sandbox.org.records.execute('DROP INDEX "Task.SMS_External_Id__c"')
    sandbox.org.records.execute("UPDATE Task SET SMS_External_Id__c = 'same'")
    response = client("PATCH", "/sobjects/Task/SMS_External_Id__c/same", {"Subject": "x"})
    assert response.status_code == 300
    assert [address.rpartition("/")[2] for address in response.json()] == ids


def test_a_lookup_may_be_given_by_the_parents_external_id(client, contact):
    """`Contact__r: {External_Id__c}` finds the contact."""
    client("PATCH", f"/sobjects/Contact/{contact}", {"External_Id__c": "c-1"})
    made = client("POST", MESSAGE, {"Contact__r": {"External_Id__c": "c-1"}}).json()["id"]
    assert client("GET", f"{MESSAGE}/{made}").json()["Contact__c"] == contact


def test_a_task_may_be_about_a_message_and_a_person(client, contact, message):
    """WhatId takes the custom object, since it allows activities; WhoId takes no account."""
    task = client("POST", "/sobjects/Task", {"WhoId": contact, "WhatId": message, "Subject": "SMS"})
    assert task.status_code == 201
    shown = client("GET", f"/sobjects/Task/{task.json()['id']}").json()
    assert (shown["Status"], shown["IsClosed"]) == ("Not Started", False)
    assert client.refused("POST", "/sobjects/Task", {"WhoId": message}) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_updated_and_deleted_list_ids_of_a_span(sandbox, client, contact, message):
    """The replication resources tell what changed and what went between two times."""
    now = sandbox.org.clock.now()
    span = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    client("DELETE", f"/sobjects/Contact/{contact}")
    updated = client("GET", f"{MESSAGE}/updated", params=span).json()
    deleted = client("GET", "/sobjects/Contact/deleted", params=span).json()
    assert updated["ids"] == [message]
    assert updated["latestDateCovered"].endswith("+0000")
    assert [each["id"] for each in deleted["deletedRecords"]] == [contact]
    assert client.refused("GET", f"{MESSAGE}/updated") == (400, "INVALID_REPLICATION_DATE")


def test_a_stamp_moves_with_every_change(sandbox, client, message):
    """SystemModstamp and LastModifiedDate follow the last write; CreatedDate stays."""
    sandbox.org.clock.ahead = timedelta(hours=1)
    client("PATCH", f"{MESSAGE}/{message}", {"Body__c": "y"})
    record = client("GET", f"{MESSAGE}/{message}").json()
    assert record["SystemModstamp"] == record["LastModifiedDate"] > record["CreatedDate"]
