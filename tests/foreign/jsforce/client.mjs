// Runs one scenario against the org at ORG_URL as a program using jsforce would, and prints what it saw as JSON.
import jsforce from "jsforce";

const instanceUrl = process.env.ORG_URL;
const oauth2 = { loginUrl: instanceUrl, clientId: "sandbox", clientSecret: "sandbox" };
const version = "66.0";

async function connect() {
  const connection = new jsforce.Connection({ oauth2, version });
  await connection.authorize({ grant_type: "client_credentials" });
  return connection;
}

async function errorOf(attempt) {
  try {
    await attempt();
    return null;
  } catch (error) {
    const { name, errorCode, message, data } = error;
    return { name, errorCode, message, fields: data?.fields ?? null };
  }
}

const numbered = (count, make) => Array.from({ length: count }, (_, index) => make(index));

async function ofIds(connection, ids) {
  const quoted = ids.map((id) => `'${id}'`).join(",");
  return connection.query(`SELECT Id, FirstName, LastName FROM Contact WHERE Id IN (${quoted}) ORDER BY Id`);
}

const scenarios = {
  async login() {
    const connection = await connect();
    const identity = await connection.identity();
    const versions = await connection.requestGet("/services/data");
    const wrong = new jsforce.Connection({ oauth2: { ...oauth2, clientSecret: "wrong" } });
    return {
      instanceUrl: connection.instanceUrl,
      user: connection.userInfo,
      identity,
      newest: versions.at(-1).version,
      refused: await errorOf(() => wrong.authorize({ grant_type: "client_credentials" })),
    };
  },

  async refresh() {
    const connection = new jsforce.Connection({
      oauth2, version, instanceUrl, accessToken: "00D!expired", refreshToken: "granted once",
    });
    const refreshed = [];
    connection.on("refresh", (token) => refreshed.push(token));
    const { totalSize } = await connection.query("SELECT Id FROM Organization");
    const without = new jsforce.Connection({ version, instanceUrl, accessToken: "00D!expired" });
    return {
      totalSize,
      refreshed: refreshed.length,
      kept: refreshed[0] === connection.accessToken,
      refused: await errorOf(() => without.query("SELECT Id FROM Organization")),
    };
  },

  async describe() {
    const connection = await connect();
    const all = await connection.describeGlobal();
    const message = await connection.describe("SMS_Message__c");
    const contact = await connection.sobject("Contact").describe();
    const field = (described, name) => described.fields.find((each) => each.name === name);
    return {
      objects: all.sobjects.map((each) => each.name),
      maxBatchSize: all.maxBatchSize,
      keyPrefixes: all.sobjects.map((each) => each.keyPrefix),
      message: { label: message.label, custom: message.custom, fields: message.fields.map((each) => each.name) },
      status: field(message, "Status__c"),
      key: field(message, "External_Id__c"),
      lastName: field(contact, "LastName"),
      account: field(contact, "AccountId"),
      children: contact.childRelationships.map((each) => `${each.childSObject}.${each.field}`),
    };
  },

  async query() {
    const connection = await connect();
    const soql = "SELECT Id, LastName, Account.Name FROM Contact ORDER BY Id";
    const first = await connection.query(soql);
    const { records } = await connection.query(soql, { autoFetch: true, maxFetch: 10000 });
    const found = await connection.sobject("SMS_Message__c")
      .find({ Status__c: "Queued", "Contact__r.LastName": { $like: "%a%" } }, "Id, Contact__r.LastName")
      .limit(5);
    return {
      totalSize: first.totalSize,
      firstPage: first.records.length,
      done: first.done,
      fetched: records.length,
      distinct: new Set(records.map((each) => each.Id)).size,
      counted: (await connection.query("SELECT COUNT() FROM Contact")).totalSize,
      names: found.map((each) => each.Contact__r.LastName),
      type: records[0].attributes.type,
    };
  },

  async collections() {
    const connection = await connect();
    const contacts = connection.sobject("Contact");
    const created = await contacts.create(numbered(200, (index) => ({ LastName: `Collected ${index}` })));
    const ids = created.map((each) => each.id);
    const updated = await contacts.update(ids.map((Id, index) => ({ Id, FirstName: `Number ${index}` })));
    const read = await ofIds(connection, ids);
    const retrieved = await contacts.retrieve(ids.slice(0, 3));
    const mixed = await contacts.create([{ LastName: "Whole" }, { FirstName: "Without a last name" }]);
    const undone = await contacts.create([{ LastName: "Undone" }, { FirstName: "No" }], { allOrNone: true });
    const deleted = await contacts.destroy(ids);
    return {
      created, updated, deleted, mixed, undone,
      firstNames: read.records.map((each) => each.FirstName),
      retrieved: retrieved.map((each) => each.LastName),
      left: (await ofIds(connection, ids)).totalSize,
      undoneLeft: (await connection.query("SELECT Id FROM Contact WHERE LastName = 'Undone'")).totalSize,
    };
  },

  async upsert() {
    const connection = await connect();
    const contacts = connection.sobject("Contact");
    const key = "jsforce/one & only";
    const inserted = await contacts.upsert({ LastName: "First", External_Id__c: key }, "External_Id__c");
    const updated = await contacts.upsert({ LastName: "Second", External_Id__c: key }, "External_Id__c");
    const many = await contacts.upsert(
      numbered(200, (index) => ({ LastName: "Many", External_Id__c: index ? `jsforce-${index}` : key })),
      "External_Id__c",
    );
    const task = { Subject: "SMS", Status: "Completed", SMS_External_Id__c: "jsforce-task" };
    const activities = [
      await connection.sobject("Task").upsert(task, "SMS_External_Id__c"),
      await connection.sobject("Task").upsert(task, "SMS_External_Id__c"),
    ];
    const read = await contacts.findOne({ External_Id__c: key }, "Id, LastName");
    return { inserted, updated, many, activities, read };
  },

  async bulk() {
    const connection = await connect();
    connection.bulk2.pollInterval = 100;
    connection.bulk2.pollTimeout = 30000;
    const input = numbered(2500, (index) => ({
      LastName: `Núñez, "${index}"\nJr.`, External_Id__c: `jsforce-bulk-${index}`,
    }));
    input[7] = { LastName: "x".repeat(81), External_Id__c: "jsforce-bulk-too-long" };
    const ingest = (operation, rows, more = {}) =>
      connection.bulk2.loadAndWaitForResults({ object: "Contact", operation, input: rows, ...more });
    const inserted = await ingest("insert", input);
    const soql = "SELECT Id, LastName, External_Id__c FROM Contact WHERE External_Id__c LIKE 'jsforce-bulk-%'";
    const queried = await (await connection.bulk2.query(soql)).toArray();
    const upserted = await ingest(
      "upsert",
      [{ LastName: "Known", External_Id__c: "jsforce-bulk-1" }, { LastName: "New", External_Id__c: "jsforce-bulk-new" }],
      { externalIdFieldName: "External_Id__c" },
    );
    const removed = await ingest("delete", queried.map(({ Id }) => ({ Id })));
    return {
      inserted: inserted.successfulResults.length,
      failed: inserted.failedResults,
      unprocessed: inserted.unprocessedRecords.length,
      queried: queried.length,
      name: queried.find((each) => each.External_Id__c === "jsforce-bulk-8").LastName,
      created: upserted.successfulResults.map((each) => each.sf__Created),
      removed: removed.successfulResults.length,
      left: (await connection.query(soql)).totalSize,
      refused: await errorOf(() => ingest("upsert", input, { externalIdFieldName: "Nowhere__c" })),
    };
  },

  async errors() {
    const connection = await connect();
    const contacts = connection.sobject("Contact");
    const key = { External_Id__c: "jsforce-taken" };
    await contacts.create({ LastName: "Holder", ...key });
    const [{ Id }] = await contacts.find(key, "Id");
    return {
      holder: Id,
      unknownColumn: await errorOf(() => connection.query("SELECT Id, Nowhere__c FROM Contact")),
      unknownField: await errorOf(() => contacts.create({ LastName: "A", Nowhere__c: "b" })),
      duplicate: await errorOf(() => contacts.create({ LastName: "Second", ...key })),
      missing: await errorOf(() => contacts.create({ FirstName: "Only" })),
      tooLong: await errorOf(() => contacts.create({ LastName: "x".repeat(81) })),
      wrongType: await errorOf(() => contacts.create({ LastName: "A", DoNotCall: "perhaps" })),
      malformed: await errorOf(() => connection.query("SELECT FROM Contact")),
      gone: await errorOf(() => contacts.retrieve("0035g00000zzzzzAAA")),
      noObject: await errorOf(() => connection.sobject("Nowhere__c").describe()),
    };
  },
};

const answer = await scenarios[process.argv[2]]();
process.stdout.write(JSON.stringify(answer));
