// SPDX-License-Identifier: MIT
// npm's smtp-server: refuses who is not in the list, and writes a line of JSON for each mail it accepts.
// Arguments: a file with {ports, certificate, key, mailboxes, size, mails}.

'use strict';

const crypto = require('crypto');
const fs = require('fs');
const {SMTPServer} = require('smtp-server');

const facts = JSON.parse(fs.readFileSync(process.argv[2]));
const out = fs.openSync(facts.mails, 'a');

function onRcptTo(address, session, callback) {
    if (facts.mailboxes.includes(address.address))
        return callback();
    callback(Object.assign(new Error('no such mailbox here'), {responseCode: 550}));
}

function onData(stream, session, callback) {
    const chunks = [];
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('end', () => {
        if (stream.sizeExceeded)
            return callback(Object.assign(new Error('too big'), {responseCode: 552}));
        const id = crypto.randomUUID();
        const recipients = session.envelope.rcptTo.map(recipient => recipient.address);
        fs.writeSync(out, JSON.stringify({id, recipients, raw: Buffer.concat(chunks).toString('base64')}) + '\n');
        callback(null, 'queued as ' + id);
    });
}

for (const [mode, port] of Object.entries(facts.ports)) {
    const server = new SMTPServer({
        onRcptTo, onData, size: facts.size, authOptional: true, disableReverseLookup: true,
        secure: mode === 'implicit', disabledCommands: mode === 'plain' ? ['AUTH', 'STARTTLS'] : ['AUTH'],
        cert: fs.readFileSync(facts.certificate), key: fs.readFileSync(facts.key),
    });
    server.on('error', error => console.error(mode, error.message));
    server.listen(port, '127.0.0.1');
}
