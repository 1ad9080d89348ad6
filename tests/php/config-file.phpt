--TEST--
The configuration file: its DSN and options, its errors, open_basedir, and what is said without any DSN
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Mailer;
$folder = sys_get_temp_dir() . '/facteur-conf-' . getmypid();
mkdir("$folder/in", recursive: true);
function conf(string $text, int $mode = 0640): void
{
    global $folder;
    file_put_contents("$folder/facteur.conf", $text);
    chmod("$folder/facteur.conf", $mode);
}
putenv('FACTEUR_DSN');
putenv("FACTEUR_CONFIG=$folder/facteur.conf");
conf("dsn = memory://\ndefault_from = shop@example.com\n");
$mailer = new Mailer();
var_dump($mailer->name, $mailer->send(new Facteur\Message(to: 'b@example.com', text: 'x'))->status);
var_dump(facteur_send_letter('contact_form', ['name' => 'Ana', 'email' => 'ana@example.com', 'message' => 'Hi'], to: 'o@example.com')->status);
var_dump((new Mailer('null://'))->name);
conf("dsn = null://\n\ntimeout = 3\n");
thrown(fn () => new Mailer());
conf("dsn = smtps://ana:s3cret-word@relay.example\n", 0644);
thrown(fn () => new Mailer());
conf("deadline = 3\n");
thrown(fn () => new Mailer());
/* A file that a script names must be within open_basedir, whatever is in it. */
conf("dsn = null://\npassw = s3cret-word\n");
ini_set('open_basedir', "$folder/in");
thrown(fn () => new Mailer('null://'));
thrown(fn () => new Mailer());
thrown(fn () => facteur_send_letter('contact_form', ['name' => 'Ana']));
putenv("FACTEUR_CONFIG=/dev/null");
thrown(fn () => new Mailer('null://'));
putenv("FACTEUR_CONFIG=$folder/in/facteur.conf");
file_put_contents("$folder/in/facteur.conf", "dsn = file:///etc\n");
chmod("$folder/in/facteur.conf", 0644);
thrown(fn () => new Mailer());
file_put_contents("$folder/in/facteur.conf", "dsn = null://\n");
thrown(fn () => new Mailer());
?>
--CLEAN--
<?php
foreach (glob(sys_get_temp_dir() . '/facteur-conf-*') as $folder) {
    array_map('unlink', glob("$folder/{,in/}facteur.conf", GLOB_BRACE));
    rmdir("$folder/in");
    rmdir($folder);
}
?>
--EXPECTF--
string(9) "memory://"
string(4) "sent"
string(4) "sent"
string(7) "null://"
Facteur\ConfigError ECONFIG -2 [%s/facteur.conf:3: timeout] %s/facteur.conf:3: timeout: no option is called "timeout"; did you mean deadline %s
Facteur\ConfigError ECONFIG -2 [%s/facteur.conf] %s/facteur.conf: it holds a password, and everybody may read it: run chmod 0640 %s/facteur.conf, and chgrp for the group that sends mail
Facteur\ConfigError ECONFIG -2 [dsn] dsn: there is no DSN: %s dsn in /etc/facteur.conf, %s php-fpm clears the environment: write env[FACTEUR_DSN] = … or clear_env = no into the pool's configuration
Facteur\ConfigError ECONFIG -2 [FACTEUR_CONFIG] FACTEUR_CONFIG: open_basedir does not allow %s/facteur.conf
Facteur\ConfigError ECONFIG -2 [FACTEUR_CONFIG] FACTEUR_CONFIG: open_basedir does not allow %s/facteur.conf
Facteur\ConfigError ECONFIG -2 [FACTEUR_CONFIG] FACTEUR_CONFIG: open_basedir does not allow %s/facteur.conf
Facteur\ConfigError ECONFIG -2 [FACTEUR_CONFIG] FACTEUR_CONFIG: open_basedir does not allow /dev/null
Facteur\ConfigError ECONFIG -2 [dsn] dsn: open_basedir does not allow /etc
nothing thrown
