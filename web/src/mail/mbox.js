// SPDX-License-Identifier: Apache-2.0
// A mailbox file (RFC 4155, mboxrd): messages begin at a line "From ", and such lines inside of a
// message are quoted by ">".

const NEWLINE = 10;
const FROM = [...'From '].map((letter) => letter.charCodeAt(0));

/** @param {Uint8Array} bytes @param {number} at */
const startsMessage = (bytes, at) => FROM.every((code, i) => bytes[at + i] === code);

/**
 * @param {Uint8Array} bytes
 * @returns {Generator<Uint8Array>} each message without its "From " line
 */
export function* splitMbox(bytes) {
  let start = -1;
  for (let line = 0; line < bytes.length; line = nextLine(bytes, line)) {
    if (!startsMessage(bytes, line)) continue;
    if (start >= 0) yield unquote(bytes.subarray(start, line));
    start = nextLine(bytes, line);
  }
  if (start >= 0) yield unquote(bytes.subarray(start));
}

/** @param {Uint8Array} bytes @param {number} from */
function nextLine(bytes, from) {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end + 1;
}

/** @param {Uint8Array} message */
function unquote(message) {
  // One character a byte, so that no byte changes.
  const text = new TextDecoder('latin1').decode(message);
  if (!/^>+From /m.test(text)) return message;
  const bare = /** @type {number[]} */ ([]);
  for (let line = 0; line < message.length; line = nextLine(message, line)) {
    const end = nextLine(message, line);
    const quoted = /^>+From /.test(
      new TextDecoder('latin1').decode(message.subarray(line, Math.min(end, line + 80))),
    );
    for (let i = line + (quoted ? 1 : 0); i < end; i++) bare.push(message[i]);
  }
  return Uint8Array.from(bare);
}
