<?php
// SPDX-License-Identifier: MIT
// facteur from PHP.  Modes: default; best, connections without a limit of mails.
require __DIR__ . '/bench.php';

$options = ['default_from' => "Shop <$sender>"];
$options += $tls ? ['username' => $user, 'password' => $password, 'ca_file' => $ca] : ['tls' => 'none'];
$options += $mode === 'best' ? ['max_mails' => 0] : [];
$mailer = new Facteur\Mailer(($tls ? 'smtps' : 'smtp') . "://$host:$port", $options);

function compose(int $number): Facteur\Message
{
    global $work, $raw, $order, $sender, $recipient;
    if ($work === 'raw')
        return Facteur\Message::fromBytes($raw, envelope_from: $sender, recipients: [$recipient]);
    if ($work === 'letter')
        return Facteur\order_confirmation(str_replace('@NUMBER@', (string)$number, $order), from: "Shop <$sender>");
    [$subject, $text, $html] = parts($number);
    return new Facteur\Message(from: "Shop <$sender>", to: "Zoë <$recipient>", subject: $subject, text: $text, html: $html);
}

if ($depth > 1 && !method_exists($mailer, 'sendMany')) {
    echo '{"skip": "this build has no sendMany"}', "\n";
} elseif ($depth === 1) {
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
