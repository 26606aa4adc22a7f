// Reads a JSON array of texts from stdin, writes a JSON array of {encoding, parts, bits} as the oracle counts them.
import { readFileSync } from "node:fs";
import { SegmentedMessage } from "sms-segments-calculator";

const texts = JSON.parse(readFileSync(0, "utf8"));
const counted = texts.map((text) => {
  const message = new SegmentedMessage(text, "auto");
  return { encoding: message.encodingName, parts: message.segmentsCount, bits: message.messageSize };
});
process.stdout.write(JSON.stringify(counted));
