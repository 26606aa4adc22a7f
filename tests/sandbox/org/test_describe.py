import pytest


@pytest.fixture
def described(client):
    def describe(name):
        response = client("GET", f"/sobjects/{name}/describe")
        assert response.status_code == 200
        return response.json()

    return describe


def test_the_list_of_objects_has_the_standard_ones_and_ours(client):
    """Every object is listed with its key prefix and addresses."""
    listed = {each["name"]: each for each in client("GET", "/sobjects").json()["sobjects"]}
    standard = {
        "Account",
        "Contact",
        "Lead",
        "Case",
        "Opportunity",
        "Campaign",
        "CampaignMember",
        "Task",
        "Event",
        "User",
    }
    assert set(listed) == standard | {"Organization", "SMS_Message__c"}
    assert listed["Lead"]["keyPrefix"] == "00Q"
    assert listed["SMS_Message__c"]["custom"] is True
    assert client("GET", listed["Task"]["urls"]["describe"]).json()["name"] == "Task"


def test_fields_are_described_as_they_are_in_the_source(described):
    """Types, lengths, choices and keys come from the SFDX source."""
    fields = {each["name"]: each for each in described("SMS_Message__c")["fields"]}
    status = fields["Status__c"]
    assert (status["type"], status["restrictedPicklist"], status["defaultValue"]) == ("picklist", True, "Draft")
    assert [each["value"] for each in status["picklistValues"]][:3] == ["Draft", "Queued", "Sending"]
    assert (fields["Body__c"]["length"], fields["Body__c"]["filterable"]) == (4000, False)
    assert (fields["Priority__c"]["precision"], fields["Priority__c"]["scale"]) == (3, 0)
    assert (fields["Contact__c"]["referenceTo"], fields["Contact__c"]["relationshipName"]) == (
        ["Contact"],
        "Contact__r",
    )
    key = fields["External_Id__c"]
    assert key["externalId"]
    assert key["unique"]
    assert key["idLookup"]
    assert not fields["CreatedDate"]["createable"]
    assert fields["Id"]["soapType"] == "tns:ID"
    assert fields["Name"]["autoNumber"]


@pytest.mark.parametrize(
    "name", ["Account", "Contact", "Lead", "Case", "Opportunity", "Campaign", "CampaignMember", "Task", "Event", "User"]
)
def test_every_standard_object_has_an_external_id(described, name):
    """External_Id__c is there, and unique."""
    fields = {each["name"]: each for each in described(name)["fields"]}
    assert fields["External_Id__c"]["unique"]
    assert fields["External_Id__c"]["custom"]


def test_fields_of_activity_are_fields_of_task_and_event(described):
    """What the source says of Activity shows on both."""
    for name in ("Task", "Event"):
        fields = {each["name"]: each for each in described(name)["fields"]}
        assert fields["SMS_External_Id__c"]["externalId"]
        assert fields["WhoId"]["referenceTo"] == ["Contact", "Lead"]
        assert "SMS_Message__c" in fields["WhatId"]["referenceTo"]
        assert fields["WhoId"]["polymorphicForeignKey"]


def test_children_are_described_with_their_relationship_names(described):
    """A contact's children are found by the names that subqueries use."""
    children = {each["relationshipName"]: each for each in described("Contact")["childRelationships"]}
    assert children["SMS_Messages__r"]["childSObject"] == "SMS_Message__c"
    assert children["Tasks"]["field"] == "WhoId"
    assert children["CampaignMembers"]["cascadeDelete"]


def test_every_described_field_can_be_queried(client, sandbox):
    """Describe and query agree on each object's fields."""
    for each in sandbox.org.schema.objects.values():
        names = [field["name"] for field in client("GET", f"/sobjects/{each.name}/describe").json()["fields"]]
        assert client.query(f"SELECT {', '.join(names)} FROM {each.name} LIMIT 1")["done"]  # noqa: S608


def test_an_unknown_object_is_not_found(client):
    """404 NOT_FOUND."""
    assert client.refused("GET", "/sobjects/Nothing__c/describe") == (404, "NOT_FOUND")


def test_the_resources_are_listed(client):
    """`/services/data/vXX.X` names where things are."""
    assert client("GET", "").json()["query"] == "/services/data/v66.0/query"
    assert client("GET", "/sobjects/Task").json()["objectDescribe"]["name"] == "Task"
