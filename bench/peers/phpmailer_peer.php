<?php
// SPDX-License-Identifier: MIT
// PHPMailer.  Modes: default, a connection for each mail; best, SMTPKeepAlive on one object.
require __DIR__ . '/bench.php';
require 'libphp-phpmailer/autoload.php';
use PHPMailer\PHPMailer\PHPMailer;

function mailer(): PHPMailer
{
    global $host, $port, $tls, $login, $ca, $user, $password, $mode, $sender;
    $mailer = new PHPMailer(true);
    $mailer->isSMTP();
    [$mailer->Host, $mailer->Port, $mailer->CharSet] = [$host, $port, PHPMailer::CHARSET_UTF8];
    [$mailer->SMTPAutoTLS, $mailer->SMTPKeepAlive] = [false, $mode === 'best'];
    $mailer->SMTPSecure = ['none' => '', 'implicit' => PHPMailer::ENCRYPTION_SMTPS, 'starttls' => PHPMailer::ENCRYPTION_STARTTLS][$tls];
    $mailer->SMTPOptions = ['ssl' => ['cafile' => $ca]];
    [$mailer->SMTPAuth, $mailer->Username, $mailer->Password] = [$login, $user, $password];
    $mailer->setFrom($sender, 'Shop');
    return $mailer;
}

$kept = $mode === 'best' ? mailer() : null;
one_by_one(function (int $number) use ($kept, $recipient, $sender, $work, $raw, $pdf, $file) {
    $mailer = $kept ?? mailer();
    if ($work === 'raw') { // what PHPMailer does once it has composed
        $mailer->smtpConnect($mailer->SMTPOptions) || throw new Exception('connect');
        $smtp = $mailer->getSMTPInstance();
        $smtp->mail($sender) && $smtp->recipient($recipient) && $smtp->data($raw) || throw new Exception('refused');
        $mailer->SMTPKeepAlive ? $smtp->reset() : $mailer->smtpClose();
        return;
    }
    $mailer->clearAddresses();
    $mailer->clearAttachments();
    $mailer->addAddress($recipient, 'Zoë');
    [$mailer->Subject, $mailer->AltBody, $mailer->Body] = parts($number);
    $mailer->isHTML();
    if ($pdf !== null)
        $mailer->addStringAttachment($pdf, 'invoice.pdf', PHPMailer::ENCODING_BASE64, 'application/pdf');
    if ($file !== null)
        $mailer->addAttachment($file, 'catalogue.zip', PHPMailer::ENCODING_BASE64, 'application/zip');
    $mailer->send();
});
$kept?->smtpClose();
