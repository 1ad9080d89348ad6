--TEST--
Attachments, options and DSNs keep to open_basedir
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\{Attachment, Mailer};
$inside = sys_get_temp_dir() . '/facteur-in-' . getmypid();
mkdir($inside);
file_put_contents("$inside/a.txt", 'a');
$outside = Attachment::fromPath('/etc/hostname');
ini_set('open_basedir', $inside);
echo Attachment::fromPath("$inside/a.txt")->path === "$inside/a.txt" ? "inside\n" : "elsewhere\n";
thrown(fn () => Attachment::fromPath('/etc/hostname'));
thrown(fn () => a_message(attachments: [$outside]));
thrown(fn () => new Mailer('smtps://u@example.com', password_file: '/etc/hostname'));
thrown(fn () => new Mailer('smtps://u@example.com?password_file=/etc/hostname'));
thrown(fn () => new Mailer('smtps://u@example.com?a=b&pass%77ord_file=/etc/hostname'));
thrown(fn () => new Mailer('file:///etc'));
thrown(fn () => new Mailer('FILE:///etc'));
thrown(fn () => new Mailer('smtps://u@example.com', password_file: "$inside/a.txt"));
thrown(fn () => new Mailer("file://$inside"));
/* Checked against the directory of now, opened in that of later. */
chdir($inside);
thrown(fn () => new Mailer('smtps://u@example.com', password_file: 'a.txt'));
thrown(fn () => new Mailer('smtps://u@example.com', password_file: '../a.txt'));
thrown(fn () => new Mailer('null://', dkim: '[{"domain": "example.com", "selector": "s", "key_file": "a.txt"}]'));
unlink("$inside/a.txt");
?>
--CLEAN--
<?php
array_map('rmdir', glob(sys_get_temp_dir() . '/facteur-in-*'));
?>
--EXPECTF--
inside
Facteur\MessageError EIO -5 [path] path: open_basedir does not allow /etc/hostname
Facteur\MessageError EIO -5 [attachments[0]] attachments[0]: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: with open_basedir give password_file as an option, not in the DSN
Facteur\ConfigError ECONFIG -2 [%s] %s
Facteur\ConfigError ECONFIG -2 [dsn] %s
Facteur\ConfigError ECONFIG -2 [dsn] %s
nothing thrown
nothing thrown
nothing thrown
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow %s/../a.txt
Facteur\ConfigError ECONFIG -2 [dkim] dkim: with open_basedir dkim needs an absolute path, not a.txt
