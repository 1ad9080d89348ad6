<?php
// SPDX-License-Identifier: MIT
// facteur from PHP.  Modes: default; best, connections without a limit of mails.
require __DIR__ . '/bench.php';

$options = ['default_from' => "Shop <$sender>", 'tls' => $tls, 'ca_file' => $ca];
$options += $login ? ['username' => $user, 'password' => $password] : [];
$options += $mode === 'best' ? ['max_mails' => 0] : [];
$mailer = new Facteur\Mailer("smtp://$host:$port", $options);
$attached = $pdf === null ? [] : [new Facteur\Attachment($pdf, name: 'invoice.pdf', type: 'application/pdf')];
if ($file !== null)
    $attached[] = Facteur\Attachment::fromPath($file, name: 'catalogue.zip', type: 'application/zip');

function compose(int $number): Facteur\Message
{
    global $work, $raw, $order, $sender, $recipient, $attached;
    if ($work === 'raw')
        return Facteur\Message::fromBytes($raw, envelope_from: $sender, recipients: [$recipient]);
    if ($work === 'letter')
        return Facteur\order_confirmation(str_replace('@NUMBER@', (string)$number, $order), from: "Shop <$sender>");
    [$subject, $text, $html] = parts($number);
    return new Facteur\Message(from: "Shop <$sender>", to: "Zoë <$recipient>", subject: $subject, text: $text, html: $html,
        attachments: $attached);
}

if ($depth === 1) {
    one_by_one(fn($number) => $mailer->send(compose($number)));
} else {
    $messages = (function () use ($mails) {
        for ($number = 0; $number < $mails; $number++)
            yield compose($number);
    })();
    $begin = hrtime(true);
    foreach ($mailer->sendMany($messages) as $receipt)
        $receipt->ok || throw new Exception($receipt->error);
    answer(hrtime(true) - $begin);
}
$mailer->close();
