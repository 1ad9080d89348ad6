// SPDX-License-Identifier: MIT
// mailparser's reading of messages: a JSON list of base64 texts in, the list of what it found out (see parsers.py).
"use strict";

const libmime = require("libmime");
const { simpleParser } = require("mailparser");

// What it would make up itself from the other form of the text is not asked for.
const OPTIONS = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true };

function entries(field, groups) {
    const found = [];
    for (const one of field ? field.value : []) {
        if (one.group) {
            groups.push(one.name);
            found.push(...one.group.map((member) => [member.name, member.address]));
        } else {
            found.push([one.name, one.address]);
        }
    }
    return found;
}

const bare = (id) => id.replace(/^<|>$/g, "");
const list = (ids) => (ids === undefined ? [] : [ids].flat().join(" ").split(/\s+/).map(bare));

// Headers with a meaning of their own come as objects, and those of one's own are not decoded.
function header(mail, name) {
    const line = mail.headerLines.find((one) => one.key === name);
    return line && libmime.decodeWords(line.line.slice(name.length + 1).replace(/\r?\n/g, "").trim());
}

const attachment = (part) => ({
    name: part.filename || null,
    type: part.contentType,
    disposition: part.contentDisposition || null,
    content_id: part.contentId ? bare(part.contentId) : null,
    content: part.content.toString("base64"),
});

async function read(asked) {
    const mail = await simpleParser(Buffer.from(asked.raw, "base64"), OPTIONS);
    const found = { groups: {}, headers: {} };
    for (const [name, field] of Object.entries({ from: mail.from, sender: mail.headers.get("sender"), to: mail.to,
        cc: mail.cc, bcc: mail.bcc, reply_to: mail.replyTo })) {
        const groups = [];
        found[name] = entries(field, groups);
        if (groups.length) found.groups[name] = groups;
    }
    for (const name of asked.headers) {
        const value = header(mail, name);
        if (value !== undefined) found.headers[name] = value;
    }
    return { ...found, subject: mail.subject ?? null, date: mail.date.getTime() / 1000, message_id: bare(mail.messageId),
        in_reply_to: list(mail.inReplyTo), references: list(mail.references), text: mail.text ?? null,
        html: mail.html || null, attachments: mail.attachments.map(attachment) };
}

async function main() {
    const chunks = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    const found = [];
    for (const asked of JSON.parse(Buffer.concat(chunks))) found.push(await read(asked));
    process.stdout.write(JSON.stringify(found));
}

main();
