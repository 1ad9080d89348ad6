--TEST--
phpinfo(): versions and settings, no secret
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
facteur.dsn="smtps://user:hunter2@smtp.example.com"
facteur.password=hunter3
facteur.pool_size=7
--FILE--
<?php
ob_start();
(new ReflectionExtension('facteur'))->info();
phpinfo(INFO_MODULES | INFO_CONFIGURATION);
$text = ob_get_clean();
foreach (['facteur version', 'OpenSSL', 'libuv', 'c-ares', 'ICU', 'jansson', 'SQLite'] as $name) {
    printf("%s %d\n", $name, preg_match("/^$name => \\S*\\d+\\.\\d+/m", $text) || preg_match("/^$name => OpenSSL \\d+/m", $text));
}
preg_match_all('/^facteur\.(dsn|password|token|pool_size|deadline) => .*$/m', $text, $lines);
$lines = array_unique($lines[0]);
sort($lines);
echo implode("\n", $lines), "\n";
var_dump(str_contains($text, 'hunter'));
?>
--EXPECT--
facteur version 1
OpenSSL 1
libuv 1
c-ares 1
ICU 1
jansson 1
SQLite 1
facteur.deadline => no value => no value
facteur.dsn => set, not shown => set, not shown
facteur.password => set, not shown => set, not shown
facteur.pool_size => 7 => 7
facteur.token => no value => no value
bool(false)
