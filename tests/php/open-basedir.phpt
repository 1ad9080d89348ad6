--TEST--
Attachments, options and DSNs keep to open_basedir
--EXTENSIONS--
facteur
--ENV--
FACTEUR_CA_FILE=/etc/hostname
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
/* Another thread's script may have put it there. */
if (PHP_ZTS)
    putenv('FACTEUR_CA_FILE');
thrown(fn () => new Mailer('smtps://u@example.com', password_file: '/etc/hostname'));
thrown(fn () => new Mailer('smtps://u@example.com?password_file=/etc/hostname'));
thrown(fn () => new Mailer('smtps://u@example.com?a=b&pass%77ord_file=/etc/hostname'));
thrown(fn () => new Mailer("failover(smtps://a.example smtps://u@example.com?password_file=/etc/hostname)"));
thrown(fn () => new Mailer("smtps://u@example.com?password_file=$inside/a.txt"));
thrown(fn () => new Mailer('smtps://u@example.com?password=password_file=/etc/hostname'));
thrown(fn () => new Mailer('smtps://u@example.com?password=x&dkim=[{"domain":"a.example","selector":"s","key_file":"/etc/hostname"}]'));
thrown(fn () => new Mailer('file:///etc'));
thrown(fn () => new Mailer('FILE:///etc'));
thrown(fn () => new Mailer('smtps://u@example.com', password_file: "$inside/a.txt"));
thrown(fn () => new Mailer("file://$inside"));
/* Checked against the directory of now, opened in that of later. */
chdir($inside);
thrown(fn () => new Mailer('smtps://u@example.com', password_file: 'a.txt'));
thrown(fn () => new Mailer('smtps://u@example.com', password_file: '../a.txt'));
thrown(fn () => new Mailer('null://', dkim: '[{"domain": "example.com", "selector": "s", "key_file": "a.txt"}]'));
thrown(fn () => a_message(smime: ['sign' => ['certificate_file' => '/etc/hostname', 'key_file' => "$inside/a.txt"]]));
/* The environment is the administrator's, but not what a script puts into it. */
putenv('FACTEUR_PASSWORD_FILE=/etc/hostname');
thrown(fn () => new Mailer('smtps://u@example.com'));
putenv('FACTEUR_PASSWORD_FILE');
putenv('FACTEUR_DSN=smtps://u@example.com?password_file=/etc/hostname');
thrown(fn () => new Mailer());
unlink("$inside/a.txt");
?>
--CLEAN--
<?php
array_map('rmdir', glob(sys_get_temp_dir() . '/facteur-in-*'));
?>
--EXPECTF--
inside
Facteur\MessageError EIO -5 [attachments] attachments: open_basedir does not allow /etc/hostname
Facteur\MessageError EIO -5 [attachments[0]] attachments[0]: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [a] a: no option is called "a"; %s
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
nothing thrown
nothing thrown
Facteur\ConfigError ECONFIG -2 [dkim[0].key_file] dkim[0].key_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [dsn] dsn: open_basedir does not allow /etc
Facteur\ConfigError ECONFIG -2 [dsn] dsn: open_basedir does not allow /etc
nothing thrown
nothing thrown
nothing thrown
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow %s/../a.txt
Facteur\ConfigError ECONFIG -2 [dkim[0].key_file] dkim[0].key_file: with open_basedir dkim[0].key_file needs an absolute path, not a.txt
Facteur\ConfigError ECONFIG -2 [smime.sign.certificate_file] smime.sign.certificate_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
Facteur\ConfigError ECONFIG -2 [password_file] password_file: open_basedir does not allow /etc/hostname
