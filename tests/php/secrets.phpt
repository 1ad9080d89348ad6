--TEST--
Secrets: not in var_dump, print_r, var_export, serialize, casts, traces
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
facteur.dsn="smtps://user:hunter2@smtp.example.com"
facteur.token=hunter2
--FILE--
<?php
use Facteur\Mailer;
$out = '';
ob_start(function (string $text) use (&$out) {
    $out .= $text;
    return '';
});
$dsn = 'smtps://user:hunter2@smtp.example.com';
foreach ([new Mailer($dsn), new Mailer('smtps://smtp.example.com', ['username' => 'user', 'password' => 'hunter2']),
          new Mailer('smtps://smtp.example.com', username: 'user', password: 'hunter2')] as $mailer) {
    var_dump($mailer, (array) $mailer, get_object_vars($mailer));
    print_r($mailer);
    var_export($mailer);
    echo json_encode($mailer);
    try {
        serialize($mailer);
    } catch (Exception $error) {
        echo $error, print_r($error, true);
    }
}
function make(#[SensitiveParameter] array $arguments): void
{
    try {
        new Mailer(...$arguments);
    } catch (Throwable $error) {
        echo get_class($error), $error, print_r($error, true), print_r($error->getTrace()[0], true);
        var_dump($error);
    }
}
make([$dsn . '?deadlin=1']);
make([$dsn . 'x y']);
make([$dsn, ['password' => 'hunter2', 'deadlin' => 1]]);
make([$dsn, 'password' => 'hunter2', 'deadlin' => 1]);
make(['hunter2']);
make(['smtps://user:hunter2@']);
make([$dsn, "hunter2", "password" => "hunter2"]);
unset($dsn);
ob_end_flush();
var_dump(substr_count($out, 'smtps://smtp.example.com:465') > 10, substr_count($out, 'ConfigError') > 10);
echo preg_match_all('/.{0,80}hunter2.{0,80}/', $out, $found), "\n", implode("\n", $found[0]), "\n";
?>
--EXPECT--
bool(true)
bool(true)
0
