--TEST--
file://: one .eml a mail; a folder that cannot be made is a ConfigError
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Mailer;
$folder = sys_get_temp_dir() . '/facteur-file-' . getmypid();
mkdir($folder);
$mailer = new Mailer("file://$folder");
$message = a_message();
var_dump($mailer->send($message)->ok);
$files = glob("$folder/*.eml");
var_dump(count($files), file_get_contents($files[0]) === $message->toString());
array_map('unlink', glob("$folder/*"));
rmdir($folder);
$missing = new Mailer("file://$folder/none/below");
thrown(fn () => $missing->send($message));
?>
--EXPECTF--
bool(true)
int(1)
bool(true)
Facteur\ConfigError ECONFIG -2 [dsn] %s
