V = "/services/data/v66.0"


def parts(client, requests, **more):
    response = client("POST", "/composite", {"compositeRequest": requests, **more})
    assert response.status_code == 200, response.text
    return response.json()["compositeResponse"]


def create(reference, kind, **fields):
    return {"method": "POST", "url": f"{V}/sobjects/{kind}", "referenceId": reference, "body": fields}


def test_a_part_may_use_what_an_earlier_part_answered(client):
    """`@{reference.path}` is filled into addresses and bodies."""
    answers = parts(
        client,
        [
            create("person", "Contact", LastName="Ana"),
            create("task", "Task", WhoId="@{person.id}", Subject="SMS"),
            {"method": "GET", "url": f"{V}/sobjects/Task/@{{task.id}}", "referenceId": "read"},
            {
                "method": "GET",
                "url": f"{V}/query?q=SELECT+Id+FROM+Task+WHERE+WhoId='@{{person.id}}'",
                "referenceId": "q",
            },
            {"method": "GET", "url": f"{V}/sobjects/Task/@{{q.records[0].Id}}", "referenceId": "again"},
        ],
    )
    assert [each["httpStatusCode"] for each in answers] == [201, 201, 200, 200, 200]
    assert answers[2]["body"]["WhoId"] == answers[0]["body"]["id"]
    assert answers[4]["body"] == answers[2]["body"]
    assert [each["referenceId"] for each in answers] == ["person", "task", "read", "q", "again"]


def test_without_all_or_none_parts_stand_alone(client):
    """A failed part leaves the others; what refers to it is halted."""
    answers = parts(
        client,
        [create("bad", "Contact"), create("good", "Contact", LastName="A"), create("t", "Task", WhoId="@{bad.id}")],
    )
    assert [each["httpStatusCode"] for each in answers] == [400, 201, 400]
    assert answers[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 1


def test_all_or_none_rolls_every_part_back(client):
    """One failure undoes all, and the others say PROCESSING_HALTED."""
    answers = parts(client, [create("good", "Contact", LastName="A"), create("bad", "Contact")], allOrNone=True)
    assert [each["body"][0]["errorCode"] for each in answers] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert client.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_a_composite_is_one_call_with_25_parts_at_most_5_of_them_heavy(client):
    """The limits refuse the whole request; the day's count grows by one."""
    many = [create(f"r{number}", "Contact", LastName="A") for number in range(26)]
    assert client.refused("POST", "/composite", {"compositeRequest": many}) == (400, "LIMIT_EXCEEDED")
    response = client("POST", "/composite", {"compositeRequest": many[:25]})
    assert response.headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    queries = [
        {"method": "GET", "url": f"{V}/query?q=SELECT+Id+FROM+Task", "referenceId": f"q{number}"} for number in range(6)
    ]
    assert client.refused("POST", "/composite", {"compositeRequest": queries}) == (400, "LIMIT_EXCEEDED")
    assert len(parts(client, queries[:5])) == 5


def test_references_must_be_there_and_differ(client):
    """A subrequest without a name, or two of one name, refuse the request."""
    twice = [create("r", "Contact", LastName="A")] * 2
    assert client.refused("POST", "/composite", {"compositeRequest": twice}) == (400, "INVALID_INPUT")
    assert client.refused("POST", "/composite", {"compositeRequest": [{"method": "GET"}]})[0] == 400
    assert client.refused("POST", "/composite", {"compositeRequest": []})[0] == 400


def test_batch_runs_independent_parts_in_order(client):
    """Each part has a status and a result; hasErrors tells whether one failed, haltOnError stops there."""
    requests = [
        {"method": "POST", "url": "v66.0/sobjects/Contact", "richInput": {"LastName": "A"}},
        {"method": "GET", "url": "v66.0/sobjects/Nothing__c"},
        {"method": "GET", "url": "v66.0/limits"},
    ]
    answer = client("POST", "/composite/batch", {"batchRequests": requests}).json()
    assert (answer["hasErrors"], [each["statusCode"] for each in answer["results"]]) == (True, [201, 404, 200])
    answer = client("POST", "/composite/batch", {"batchRequests": requests, "haltOnError": True}).json()
    assert [each["statusCode"] for each in answer["results"]] == [201, 404, 412]
