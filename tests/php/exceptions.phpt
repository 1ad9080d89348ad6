--TEST--
Exceptions: also those that a program makes itself have all their properties
--EXTENSIONS--
facteur
--FILE--
<?php
use Facteur\{AuthError, ConfigError, Error, InDoubtError, SendError};
$error = new AuthError('text', 7, new Exception('before'));
var_dump($error->getMessage(), $error->getCode(), $error->getPrevious()->getMessage(), $error->where, $error->error_code, $error->receipt);
var_dump((new ConfigError('x'))->where, property_exists(ConfigError::class, 'receipt'));
final class MyError extends InDoubtError
{
}
var_dump((new MyError())->receipt, (new MyError()) instanceof SendError, (new MyError()) instanceof Error);
try {
    $error->where = 'elsewhere';
} catch (\Error $refused) {
    echo $refused->getMessage(), "\n";
}
$copy = unserialize(serialize(new SendError('gone')));
var_dump($copy->getMessage(), $copy->receipt);
foreach ([Facteur\Receipt::class, Facteur\Reply::class] as $class) {
    try {
        new $class();
    } catch (\Error $refused) {
        echo $refused->getMessage(), "\n";
    }
}
?>
--EXPECT--
string(4) "text"
int(7)
string(6) "before"
string(0) ""
string(0) ""
NULL
string(0) ""
bool(false)
NULL
bool(true)
bool(true)
Cannot modify readonly property Facteur\Error::$where
string(4) "gone"
NULL
Call to private Facteur\Receipt::__construct() from global scope
Call to private Facteur\Reply::__construct() from global scope
