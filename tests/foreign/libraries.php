<?php
// SPDX-License-Identifier: MIT
// Mailers in PHP with sendmail as their way: PHPMailer (WordPress has it), PEAR's Mail and Mail_Mime, Symfony's.
function now(string $name): void { file_put_contents('/captured/now', $name); }
require '/usr/share/php/libphp-phpmailer/autoload.php';
use PHPMailer\PHPMailer\PHPMailer;

$text = "Bonjour Zoé,\n\nvotre commande est partie.\n";
$html = '<p>Votre commande : <b>72,64 €</b></p>';
$settings = [
  'plain' => fn ($m) => $m->Body = "Hi\n",
  'utf8' => function ($m) use ($text) { $m->CharSet = 'utf-8'; $m->Subject = 'Été à Orléans'; $m->Body = $text; },
  'utf8-8bit' => function ($m) use ($text) { $m->CharSet = 'utf-8'; $m->Encoding = '8bit'; $m->Body = $text; },
  'utf8-qp' => function ($m) use ($text) { $m->CharSet = 'utf-8'; $m->Encoding = 'quoted-printable'; $m->Body = $text; },
  'utf8-base64' => function ($m) use ($text) { $m->CharSet = 'utf-8'; $m->Encoding = 'base64'; $m->Body = $text; },
  'latin1' => function ($m) use ($text) { $m->Body = mb_convert_encoding($text, 'ISO-8859-1', 'UTF-8'); },
  'html' => function ($m) use ($html) { $m->CharSet = 'utf-8'; $m->isHTML(); $m->Body = $html; $m->AltBody = 'Votre commande'; },
  'html-long' => function ($m) use ($html) { $m->CharSet = 'utf-8'; $m->isHTML(); $m->Body = str_repeat($html, 60); },
  'attachment' => function ($m) { $m->Body = 'See below'; $m->addStringAttachment("a;b\n1;2\n", 'Übersicht 2026.csv'); },
  'inline' => function ($m) { $m->isHTML(); $m->Body = '<img src="cid:logo">'; $m->addStringEmbeddedImage("\x89PNG\r\n", 'logo', 'logo.png'); },
  'copies' => function ($m) { $m->Body = 'x'; $m->addCC('bob@example.net', 'Bob, B.'); $m->addBCC('hidden@example.net'); $m->addReplyTo('zoe@example.org', 'Zoé'); },
  'names' => function ($m) { $m->CharSet = 'utf-8'; $m->Body = 'x'; $m->setFrom('shop@example.com', 'Café "Le Coin"'); $m->addAddress('zoe@example.net', 'Zoé Martin'); },
  'calendar' => function ($m) { $m->isHTML(); $m->Body = '<p>x</p>'; $m->AltBody = 'x'; $m->Ical = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"; },
  'headers' => function ($m) { $m->Body = 'x'; $m->Priority = 1; $m->addCustomHeader('X-Order', 'été 42'); $m->ConfirmReadingTo = 'shop@example.com'; },
];
foreach (['mail', 'sendmail'] as $way) {
  foreach ($settings as $name => $set) {
    now("phpmailer-$way-$name");
    $m = new PHPMailer(true);
    $way === 'mail' ? $m->isMail() : $m->isSendmail();
    $m->setFrom('shop@example.com', 'Shop');
    $m->addAddress('ana@example.net', 'Ana');
    $m->Subject = "Order";
    $m->Hostname = 'www.example.com';
    $set($m);
    try { $m->send(); } catch (Exception $e) { fwrite(STDERR, "phpmailer-$way-$name: {$e->getMessage()}\n"); }
  }
}

require 'Mail.php';
require 'Mail/mime.php';
foreach (['plain' => [], 'utf8' => ['text_charset' => 'utf-8', 'html_charset' => 'utf-8', 'head_charset' => 'utf-8'], '8bit' => ['text_encoding' => '8bit', 'html_encoding' => '8bit', 'text_charset' => 'utf-8', 'html_charset' => 'utf-8', 'head_charset' => 'utf-8']] as $name => $options) {
  foreach (['text', 'html', 'attached'] as $what) {
    now("pear-$name-$what");
    $mime = new Mail_mime($options + ['eol' => "\n"]);
    $mime->setTXTBody($name === 'plain' ? "Hi\n" : $text);
    if ($what !== 'text') $mime->setHTMLBody($name === 'plain' ? '<p>Hi</p>' : $html);
    if ($what === 'attached') $mime->addAttachment("a;b\n", 'text/csv', 'data.csv', false);
    $body = $mime->get();
    $headers = $mime->headers(['From' => 'shop@example.com', 'To' => 'ana@example.net', 'Subject' => $name === 'plain' ? 'Order' : 'Été']);
    $mail = Mail::factory('sendmail', ['sendmail_path' => '/usr/sbin/sendmail', 'sendmail_args' => '-i']);
    $mail->send(['ana@example.net', 'bob@example.net'], $headers, $body);
  }
}

foreach (['Symfony/Component/Mailer/autoload.php', 'Symfony/Component/Mime/autoload.php'] as $file) require_once $file;
use Symfony\Component\Mime\Email;
$emails = [
  'text' => fn ($e) => $e->text("Hi\n"),
  'utf8' => fn ($e) => $e->subject('Été')->text($text),
  'html' => fn ($e) => $e->html($html),
  'both' => fn ($e) => $e->text($text)->html($html)->cc('bob@example.net')->bcc('hidden@example.net'),
  'attached' => fn ($e) => $e->text('x')->attach("a;b\n", 'Übersicht.csv', 'text/csv')->priority(1),
];
foreach (['t' => '/usr/sbin/sendmail -t', 'ti' => '/usr/sbin/sendmail -t -i'] as $way => $command) {
  foreach ($emails as $name => $set) {
    now("symfony-$way-$name");
    $e = (new Email())->from('Shop <shop@example.com>')->to('ana@example.net')->subject('Order');
    $set($e);
    try { (new Symfony\Component\Mailer\Transport\SendmailTransport($command))->send($e); } catch (Throwable $x) { fwrite(STDERR, "symfony-$name: {$x->getMessage()}\n"); }
  }
}
