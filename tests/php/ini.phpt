--TEST--
ini: the settings make the default mailer, and the mode holds for every mailer
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
facteur.dsn="smtps://user:hunter2@smtp.example.com"
facteur.pipelining=Off
facteur.deadline=3
facteur.default_from="Shop <shop@example.com>"
facteur.mode=capture
facteur.username=someone
facteur.tls_name=mail.example.com
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Mailer;
$default = new Mailer();
echo $default->name, "\n";
$receipt = $default->sendOrderConfirmation(an_order());
echo $receipt->status, ' ', count($default->captured()), "\n";
preg_match('/^From: .*$/m', $default->captured()[0]['raw'], $from);
echo trim($from[0]), "\n";
$other = new Mailer('smtps://other.example.com');
$other->send(a_message());
echo count($other->captured()), "\n";
thrown(fn () => $other->sendOrderConfirmation(an_order(['merchant' => ['name' => 'x']])));
var_dump(ini_set('facteur.deadline', '4'), ini_get('facteur.deadline'));
?>
--EXPECTF--
smtps://smtp.example.com:465
sent 1
From: Shop <shop@example.com>
1
Facteur\MessageError EMESSAGE -3 [%s] %s
bool(false)
string(1) "3"
