--TEST--
Addresses as Laravel writes them: ['address' => …, 'name' => …], alone and in lists, in every field of addresses
--EXTENSIONS--
facteur
--FILE--
<?php
use Facteur\Message;
$mailer = new Facteur\Mailer('memory://');
$zoe = ['address' => 'zoe@example.com', 'name' => 'Zoe, Martin'];
$mail = new Message(from: ['name' => 'Shop', 'address' => 'shop@example.com'], to: $zoe, cc: [$zoe, 'b@example.com'], text: 'x',
    bcc: ['email' => 'c@example.com'], reply_to: [['email' => 'd@example.com', 'name' => null]]);
$mailer->send($mail);
$recipients = $mailer->captured()[0]['recipients'];
echo implode("\n", preg_grep('/^(From|To|Cc|Reply-To):/', explode("\r\n", $mail->toString()))), "\n", implode(' ', $recipients), "\n";
echo implode("\n", preg_grep('/^From:/', explode("\r\n", (new Message(from: [['address' => 'a@example.com', 'name' => 'A']], to: 'b@example.com',
    text: 'x'))->toString()))), "\n";
?>
--EXPECT--
From: Shop <shop@example.com>
Reply-To: d@example.com
To: "Zoe, Martin" <zoe@example.com>
Cc: "Zoe, Martin" <zoe@example.com>, b@example.com
zoe@example.com b@example.com c@example.com
From: A <a@example.com>
