// SPDX-License-Identifier: Apache-2.0

const HEADERS =
  /^(?:From |(?:Received|Return-Path|Delivered-To|From|To|Date|Message-ID|MIME-Version|Content-Type|X-[\w-]+):)/i;

/**
 * Whether the text is an email with its headers, rather than what somebody wrote.
 * @param {string} text
 */
export function looksLikeMail(text) {
  const [head] = text.trimStart().split(/\r?\n\r?\n/, 1);
  return HEADERS.test(head) && /^(?:From|Subject):/im.test(head);
}
