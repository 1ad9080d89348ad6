// SPDX-License-Identifier: MIT
// A plugin for Haraka: refuses who is not in the list, and writes a line of JSON for each mail it accepts.

'use strict';

const fs = require('fs');

const facts = JSON.parse(fs.readFileSync(process.env.FACTEUR_FACTS));
const out = fs.openSync(facts.mails, 'a');

exports.hook_rcpt = function (next, connection, params) {
    if (facts.mailboxes.includes(params[0].address()))
        return next(OK);
    next(DENY, 'no such mailbox here');
};

exports.hook_queue = function (next, connection) {
    const transaction = connection.transaction;
    transaction.message_stream.get_data(data => {
        const recipients = transaction.rcpt_to.map(recipient => recipient.address());
        fs.writeSync(out, JSON.stringify({id: transaction.uuid, recipients, raw: data.toString('base64')}) + '\n');
        next(OK);
    });
};
