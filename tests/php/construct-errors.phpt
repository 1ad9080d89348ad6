--TEST--
Mailer: bad options and DSNs are ConfigErrors that name the place, and nothing of the secret
--EXTENSIONS--
facteur
--ENV--
FACTEUR_DSN=
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Mailer;
thrown(fn () => new Mailer());
thrown(fn () => new Mailer('smtps://user:hunter2@smtp.example.com', ['deadlin' => 5]));
thrown(fn () => new Mailer('smtps://user:hunter2@smtp.example.com?deadlin=5'));
thrown(fn () => new Mailer('memory://', ['deadline' => 'soon']));
thrown(fn () => new Mailer('memory://', ['deadline' => -1.0]));
thrown(fn () => new Mailer('memory://', ['deadline' => new stdClass]));
thrown(fn () => new Mailer('memory://', ['deadline']));
thrown(fn () => new Mailer('memory://', tls: 'maybe'));
thrown(fn () => new Mailer('memory://', helo: "a\0b"));
thrown(fn () => new Mailer("memory://\0"));
thrown(fn () => new Mailer('smtps://user:hunter2@smtp example.com'));
thrown(fn () => new Mailer('gopher://example.com'));
thrown(fn () => new Mailer('memory://', [], 'third'));
thrown(fn () => new Mailer('smtps://smtp.example.com', proxy: 'https://user:hunter2@proxy.example.com'));
thrown(fn () => new Mailer('smtps://smtp.example.com', ports: '465,587', tls: 'starttls'));
thrown(fn () => new Mailer('smtp://smtp.example.com', ['ports' => '465,587', 'tls' => 'opportunistic']));
thrown(fn () => new Mailer([]));
?>
--EXPECTF--
Facteur\ConfigError ECONFIG -2 [dsn] %sset facteur.dsn in php.ini, dsn in /etc/facteur.conf, or FACTEUR_DSN in the environment; php-fpm clears the environment: %s
Facteur\ConfigError ECONFIG -2 [deadlin] %sdeadline%s
Facteur\ConfigError ECONFIG -2 [deadlin] %sdeadline%s
Facteur\ConfigError ECONFIG -2 [deadline] deadline must be seconds such as 10 or 2.5, not "soon"
Facteur\ConfigError ECONFIG -2 [deadline] %s
Facteur\ConfigError ECONFIG -2 [deadline] deadline: expected a text, a number or a bool, got stdClass
Facteur\ConfigError ECONFIG -2 [] options are named: ['deadline' => 5.0]
Facteur\ConfigError ECONFIG -2 [tls] %s
Facteur\ConfigError ECONFIG -2 [helo] helo: the text has the control character 0x00
Facteur\ConfigError ECONFIG -2 [dsn] dsn: the DSN has the control character 0x00
Facteur\ConfigError ECONFIG -2 [dsn] %s
Facteur\ConfigError ECONFIG -2 [dsn] %s
ArgumentCountError Facteur\Mailer::__construct() expects at most 2 arguments, 3 given
Facteur\ConfigError ECONFIG -2 [proxy] proxy: https:// is no proxy that facteur knows; %s
Facteur\ConfigError ECONFIG -2 [tls] tls: smtps:// is implicit TLS; %s
Facteur\ConfigError ECONFIG -2 [ports] %sanother could go without%s
TypeError Facteur\Mailer::__construct(): Argument #1 ($dsn) must be of type ?string, array given
