<?php
// SPDX-License-Identifier: MIT
// Symfony Mailer.  Modes: default, a transport for each mail, as each PHP request has; best, one transport.
require __DIR__ . '/bench.php';
require 'Symfony/Component/Mailer/autoload.php';
use Symfony\Component\Mailer\Envelope;
use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport\Smtp\EsmtpTransport;
use Symfony\Component\Mime\Address;
use Symfony\Component\Mime\Email;
use Symfony\Component\Mime\RawMessage;

function transport(): EsmtpTransport
{
    global $host, $port, $tls, $login, $ca, $user, $password;
    $transport = new EsmtpTransport($host, $port, $tls === 'implicit');
    $transport->getStream()->setStreamOptions(['ssl' => ['cafile' => $ca]]);
    if ($login)
        $transport->setUsername($user)->setPassword($password);
    return $transport;
}

$kept = $mode === 'best' ? transport() : null;
one_by_one(function (int $number) use ($kept, $work, $raw, $sender, $recipient, $pdf, $file) {
    $transport = $kept ?? transport();
    if ($work === 'raw') {
        (new Mailer($transport))->send(new RawMessage($raw), new Envelope(new Address($sender), [new Address($recipient)]));
    } else {
        [$subject, $text, $html] = parts($number);
        $mail = (new Email())->from(new Address($sender, 'Shop'))->to(new Address($recipient, 'Zoë'))
            ->subject($subject)->text($text)->html($html);
        if ($pdf !== null)
            $mail->attach($pdf, 'invoice.pdf', 'application/pdf');
        if ($file !== null)
            $mail->attachFromPath($file, 'catalogue.zip', 'application/zip');
        (new Mailer($transport))->send($mail);
    }
    unset($transport); // says QUIT
});
