// SPDX-License-Identifier: MIT
// nodemailer.  Modes: default, a connection for each mail; best, pool, one connection for each mail in flight.
'use strict';
const { existsSync, readFileSync } = require('fs');
const nodemailer = require('nodemailer');

const E = process.env;
const mails = Number(E.BENCH_MAILS), depth = Number(E.BENCH_DEPTH), tls = E.BENCH_TLS;
const read = name => readFileSync(`${E.BENCH_DIR}/order.${name}`);
const text = read('txt').toString(), html = read('html').toString(), raw = read('eml');
const pdf = existsSync(`${E.BENCH_DIR}/order.pdf`) ? read('pdf') : null;
const file = `${E.BENCH_DIR}/order.zip`; // too large to be read before it is sent
const attachments = [
    ...(pdf ? [{ filename: 'invoice.pdf', content: pdf, contentType: 'application/pdf' }] : []),
    ...(existsSync(file) ? [{ filename: 'catalogue.zip', path: file, contentType: 'application/zip' }] : []),
];
const from = 'shop@example.com', to = 'zoe@example.net';
const transport = nodemailer.createTransport({
    host: E.BENCH_HOST, port: Number(E.BENCH_PORT), secure: tls === 'implicit', ignoreTLS: tls === 'none', requireTLS: tls === 'starttls',
    tls: { ca: readFileSync(E.BENCH_CA) }, ...(E.BENCH_LOGIN === '1' ? { auth: { user: from, pass: 's3cret' } } : {}),
    ...(E.BENCH_MODE === 'best' ? { pool: true, maxConnections: depth, maxMessages: Infinity } : {}),
});

function compose(number) {
    if (E.BENCH_WORK === 'raw')
        return { envelope: { from, to: [to] }, raw };
    return {
        from: `Shop <${from}>`, to: `Zoë <${to}>`, subject: `Order ${number}: thank you, Zoë`,
        text: text.replaceAll('@NUMBER@', number), html: html.replaceAll('@NUMBER@', number), attachments,
    };
}

async function main() {
    const spent = [];
    let next = 0;
    const lane = async () => {
        while (next < mails) {
            const before = process.hrtime.bigint();
            await transport.sendMail(compose(next++));
            spent.push(Number((process.hrtime.bigint() - before) / 1000n));
        }
    };
    const begin = process.hrtime.bigint();
    await Promise.all(Array.from({ length: depth }, lane));
    const wall = Number((process.hrtime.bigint() - begin) / 1000n);
    transport.close();
    console.log(JSON.stringify({ wall_us: wall, us: depth === 1 ? spent : [], peak_kib: Number(readFileSync('/proc/self/status').toString().match(/VmHWM:\s*(\d+)/)[1]) }));
}

main();
