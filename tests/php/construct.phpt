--TEST--
Mailer: options from an array, as named arguments, in the DSN
--EXTENSIONS--
facteur
--FILE--
<?php
echo (new Facteur\Mailer('smtps://user:secret@smtp.example.com'))->name, "\n";
echo (new Facteur\Mailer('smtp://user:secret@smtp.example.com', ['deadline' => 2.5, 'pipelining' => false]))->name, "\n";
echo (new Facteur\Mailer('memory://', deadline: 5.0, tls: null, pool_size: 3))->name, "\n";
echo (new Facteur\Mailer(dsn: 'null://', options: ['deadline' => 'none'], deadline: 1))->name, "\n";
$mailer = new Facteur\Mailer('memory://');
try {
    $mailer->__construct('null://');
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
try {
    $mailer->name = 'other';
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
try {
    clone $mailer;
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
try {
    serialize($mailer);
} catch (Exception $error) {
    echo $error->getMessage(), "\n";
}
?>
--EXPECT--
smtps://smtp.example.com:465
smtp://smtp.example.com:587
memory://
null://
Facteur\Mailer is constructed already
Cannot modify readonly property Facteur\Mailer::$name
Trying to clone an uncloneable object of class Facteur\Mailer
Serialization of 'Facteur\Mailer' is not allowed
