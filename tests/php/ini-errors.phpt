--TEST--
ini: a bad setting is a ConfigError of the default mailer alone
--EXTENSIONS--
facteur
--INI--
facteur.dsn="null://"
facteur.deadline=soon
--FILE--
<?php
require __DIR__ . '/letters.inc';
thrown(fn () => new Facteur\Mailer());
thrown(fn () => facteur_send_order_confirmation(an_order()));
echo (new Facteur\Mailer(null, deadline: 4))->name, "\n";
echo (new Facteur\Mailer('memory://'))->name, "\n";
?>
--EXPECT--
Facteur\ConfigError ECONFIG -2 [deadline] deadline must be seconds such as 10 or 2.5, not "soon"
Facteur\ConfigError ECONFIG -2 [deadline] deadline must be seconds such as 10 or 2.5, not "soon"
null://
memory://
