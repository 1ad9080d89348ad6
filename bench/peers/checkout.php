<?php
// SPDX-License-Identifier: MIT
// A shop's last page under php-fpm: ?mail=none, facteur, symfony.  It mails the order as such a page does: nothing is kept by us.
require __DIR__ . '/bench.php';

function mail_with_symfony(string $subject, string $text, string $html): void
{
    global $host, $port, $ca, $user, $password, $sender, $recipient;
    require 'Symfony/Component/Mailer/autoload.php';
    $transport = new Symfony\Component\Mailer\Transport\Smtp\EsmtpTransport($host, $port, true);
    $transport->setUsername($user)->setPassword($password);
    $transport->getStream()->setStreamOptions(['ssl' => ['cafile' => $ca]]);
    (new Symfony\Component\Mailer\Mailer($transport))->send((new Symfony\Component\Mime\Email())
        ->from("Shop <$sender>")->to("Zoë <$recipient>")->subject($subject)->text($text)->html($html));
}

function mail_with_facteur(string $subject, string $text, string $html): void
{
    global $host, $port, $ca, $user, $password, $sender, $recipient;
    $mailer = new Facteur\Mailer("smtps://$host:$port", ['username' => $user, 'password' => $password, 'ca_file' => $ca]);
    $mailer->send(new Facteur\Message(from: "Shop <$sender>", to: "Zoë <$recipient>", subject: $subject, text: $text, html: $html));
}

[$subject, $filled, $page] = parts(random_int(1, 99999));
match ($_GET['mail']) {
    'none' => null,
    'facteur' => mail_with_facteur($subject, $filled, $page),
    'symfony' => mail_with_symfony($subject, $filled, $page),
};
echo $page;
