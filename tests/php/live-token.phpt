--TEST--
Live: token as a callable, with its life, its refusals and its faults
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--plain', '--token', 'ana:t0k3n', '--mechanisms', 'OAUTHBEARER,XOAUTH2');

final class Source
{
    public int $calls = 0;
    public function __construct(public mixed $token)
    {
    }
    public function __invoke(string $relay, string $username): mixed
    {
        $this->calls++;
        return $this->token instanceof Closure ? ($this->token)($relay, $username) : $this->token;
    }
}

/* max_rate only tells one case's connections and token from another's. */
$case = 1000;
$open = function (callable $token, mixed ...$options) use ($server, &$case) {
    return $server->mailer('plain', '', ...['token' => $token, 'username' => 'ana', 'pool_size' => 1, 'max_rate' => ++$case, ...$options]);
};
$refuse = fn () => $server->script(['on' => 'auth', 'reply' => '535 5.7.8 expired', 'times' => 1]);
$fails = function (mixed $token) use ($open) {
    try {
        $open(new Source($token))->send(a_message());
        echo "sent\n";
    } catch (Facteur\AuthError $error) {
        $previous = $error->getPrevious();
        echo $error->getMessage(), $previous ? ' <- ' . $previous::class . ': ' . $previous->getMessage() : '', "\n";
        var_dump($error->receipt->phase, str_contains($error, 's3cret'));
    }
};

echo "Once over two sends, and for another object:\n";
$source = new Source(['t0k3n', 3600]);
$mailer = $open($source, max_mails: 1);
var_dump($mailer->send(a_message())->ok, $mailer->send(a_message())->ok, $source->calls);
unset($mailer);
$case--;
$second = new Source('never asked');
$mailer = $open($second, max_mails: 1);
var_dump($mailer->send(a_message())->ok, $second->calls);

echo "Renewed within the send:\n";
$second->token = 't0k3n';
$refuse();
var_dump($mailer->send(a_message())->ok, $second->calls);
$refuse();
foreach ($mailer->sendMany([a_message(), a_message()]) as $receipt) {
    var_dump($receipt->ok);
}
var_dump($second->calls);
$refuse();
foreach ($open(new Source('t0k3n'))->sendMany([a_message()]) as $receipt) {
    var_dump($receipt->ok, $receipt->error_code);
}

echo "Renewed after its life:\n";
$source = new Source(['t0k3n', 0.05]);
$mailer = $open($source, max_mails: 1);
$mailer->send(a_message());
usleep(80000);
$mailer->send(a_message());
var_dump($source->calls);

echo "Faults:\n";
$fails(null);
$fails(['t0k3n']);
$fails(['t0k3n', 'soon']);
$fails([1 => 't0k3n', 2 => 3]);
$fails("two words");
$fails(fn () => throw new LogicException('the detail'));
$mailer = $open(function () use (&$mailer) {
    try {
        $mailer->close();
    } catch (Error $error) {
        echo $error->getMessage(), "\n";
    }
    return 't0k3n';
});
var_dump($mailer->send(a_message())->ok);
$mailer = $open(fn () => throw new LogicException('the detail'));
var_dump($mailer->sendContactForm(a_form(), to: 'shop@example.com', from: 'shop@example.com')->error);
foreach ($mailer->sendMany([a_message()]) as $receipt) {
    var_dump($receipt->error_code);
}
$mailer = $open(fn () => Fiber::suspend('waiting'));
$fibers = [new Fiber(fn () => $mailer->send(a_message())->ok), new Fiber(fn () => $mailer->send(a_message())->ok)];
foreach ($fibers as $fiber) {
    echo $fiber->start(), "\n";
}
foreach ($fibers as $fiber) {
    $fiber->resume('t0k3n');
    var_dump($fiber->getReturn());
}
echo $server->count('violations'), "\n";

echo "The end of the script:\n";
register_shutdown_function(function () use (&$mailer) {
    var_dump($mailer->send(a_message())->ok);
});
$end = true;
$mailer = $open(function () use (&$end) {
    if ($end) {
        $end = false;
        exit("exit\n");
    }
    return 't0k3n';
});
$mailer->send(a_message());
echo "not reached\n";
?>
--EXPECT--
Once over two sends, and for another object:
bool(true)
bool(true)
int(1)
bool(true)
int(0)
Renewed within the send:
bool(true)
int(1)
bool(true)
bool(true)
int(2)
bool(false)
string(5) "EAUTH"
Renewed after its life:
int(2)
Faults:
the token callable returned neither string nor [string, seconds]
string(4) "auth"
bool(false)
the token callable returned neither string nor [string, seconds]
string(4) "auth"
bool(false)
the token callable returned neither string nor [string, seconds]
string(4) "auth"
bool(false)
the token callable returned neither string nor [string, seconds]
string(4) "auth"
bool(false)
the token callable returned something that is not a bearer token
string(4) "auth"
bool(false)
the token callable threw LogicException <- LogicException: the detail
string(4) "auth"
bool(false)
Facteur\Mailer::close() cannot be called while its token callable runs
bool(true)
string(39) "the token callable threw LogicException"
string(5) "EAUTH"
waiting
waiting
bool(true)
bool(true)
violations=[]
The end of the script:
exit
bool(true)
