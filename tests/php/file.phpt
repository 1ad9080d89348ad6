--TEST--
file://: one .eml a mail; a directory that is not there is told by the receipt
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\{Mailer, SendError, TemporaryError};
$folder = sys_get_temp_dir() . '/facteur-file-' . getmypid();
mkdir($folder);
$mailer = new Mailer("file://$folder");
$message = a_message();
var_dump($mailer->send($message)->ok);
$files = glob("$folder/*.eml");
var_dump(count($files), file_get_contents($files[0]) === $message->toString());
array_map('unlink', glob("$folder/*"));
rmdir($folder);
try {
    $mailer->send($message);
} catch (SendError $error) {
    var_dump($error instanceof TemporaryError, $error->receipt->ok, $error->receipt->status);
}
var_dump($mailer->sendOrderConfirmation(an_order(), from: 'a@example.com')->status);
?>
--EXPECT--
bool(true)
int(1)
bool(true)
bool(true)
bool(false)
string(9) "temporary"
string(9) "temporary"
