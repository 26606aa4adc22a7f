// An SMSC by npm's smpp. It tells what it sees as lines of JSON, and does what lines of JSON on its input say:
// {"set": {...}} changes its ways, {"deliver": {...}} sends a deliver_sm, {"enquire": true} asks for life,
// {"drop": true} cuts every connection, {"unbind": true} unbinds them.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import smpp from "smpp";

const ways = { password: "secret", bindStatus: 0, delay: 0, receipt: null, script: [], deaf: false, firstId: 97569696 };
const bound = new Set();
let outstanding = 0;
let submitted = 0;

const tell = (event, seen = {}) => process.stdout.write(`${JSON.stringify({ event, ...seen })}\n`);
const hex = (octets) => (octets ? octets.toString("hex") : null);
const text = (body) => (body && body.message !== undefined ? body.message : body);
const udh = (body) => (body && body.udh ? (Array.isArray(body.udh) ? body.udh.map(hex) : [hex(body.udh)]) : null);
const later = (wait, act) => (wait ? setTimeout(act, wait) : act());

function receipt(session, pdu, id, word) {
  const failed = word === "DELIVRD" || word === "ENROUTE" ? "000" : "0A1";
  const short = `id:${id} sub:001 dlvrd:001 submit date:2611210840 done date:261121084107 stat:${word} err:${failed} text:Hola stat:X`;
  session.deliver_sm(
    { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4, short_message: short },
    (answer) => tell("acknowledged", { id, status: answer.command_status }),
  );
}

function submit(session, pdu) {
  const id = String(ways.firstId + submitted++);
  const turn = ways.script.shift() ?? {};
  outstanding += 1;
  tell("submit", {
    id,
    outstanding,
    to: pdu.destination_addr,
    from: pdu.source_addr,
    ton: [pdu.source_addr_ton, pdu.dest_addr_ton],
    npi: [pdu.source_addr_npi, pdu.dest_addr_npi],
    coding: pdu.data_coding,
    esm: pdu.esm_class,
    wanted: pdu.registered_delivery,
    text: text(pdu.short_message) || text(pdu.message_payload),
    udh: udh(pdu.short_message),
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    until: pdu.validity_period ? String(pdu.validity_period.toISOString?.() ?? pdu.validity_period) : null,
  });
  if (turn.drop === "before") return session.destroy();
  if (turn.silent) return undefined;
  return later(turn.delay ?? ways.delay, () => {
    const word = "receipt" in turn ? turn.receipt : ways.receipt;
    const taken = !turn.status;
    outstanding -= 1;
    session.send(pdu.response(taken ? { message_id: id } : { command_status: turn.status }));
    if (taken && word) receipt(session, pdu, id, word);
    if (turn.drop === "after") setTimeout(() => session.destroy(), 50);
  });
}

function serve(session) {
  session.on("error", (error) => tell("error", { code: error.code ?? String(error) }));
  session.on("bind_transceiver", (pdu) => {
    const status = ways.bindStatus || (pdu.password === ways.password ? 0 : smpp.ESME_RINVPASWD);
    session.send(pdu.response({ command_status: status, system_id: "SMSC" }));
    if (!status) bound.add(session);
    tell("bind", { status, systemId: pdu.system_id, version: pdu.interface_version });
  });
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => {
    tell("enquired");
    if (!ways.deaf) session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    tell("unbound");
    session.send(pdu.response());
    session.close();
  });
  session.on("close", () => {
    bound.delete(session);
    outstanding = 0;
    tell("closed");
  });
}

function act(order) {
  if (order.set) Object.assign(ways, order.set);
  for (const session of bound) {
    if (order.deliver) {
      session.deliver_sm(order.deliver, (answer) =>
        tell("acknowledged", { status: answer.command_status, command: answer.command }),
      );
    }
    if (order.enquire) session.enquire_link((answer) => tell("alive", { status: answer.command_status }));
    if (order.unbind) session.unbind(() => tell("let go"));
    if (order.drop) session.destroy();
    if (order.unknown) session.query_sm({ message_id: "1" }, (a) => tell("nack", { status: a.command_status }));
  }
  tell("done");
}

const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file));
const server = smpp.createServer(key ? { key, cert } : {}, serve);
server.listen(0, "127.0.0.1", () => tell("listening", { port: server.address().port }));
createInterface({ input: process.stdin }).on("line", (line) => act(JSON.parse(line)));
process.stdin.on("end", () => process.exit(0));
