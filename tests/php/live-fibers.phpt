--TEST--
Live: under Revolt's event loop a send gives way to other fibers
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/revolt.inc';
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';

use Revolt\EventLoop;

/** The results of the calls, each in a fiber; what they throw as class and code. */
function together(callable ...$calls): array
{
    $results = array_fill_keys(array_keys($calls), 'never ended');
    foreach ($calls as $name => $call) {
        EventLoop::queue(function () use ($name, $call, &$results) {
            (new Fiber(function () use ($name, $call, &$results) {
                try {
                    $results[$name] = $call();
                } catch (Facteur\SendError $error) {
                    $results[$name] = $error::class . ' ' . $error->getMessage();
                } catch (Throwable $error) {
                    $results[$name] = $error::class . ' ' . $error->getMessage();
                }
            }))->start();
        });
    }
    EventLoop::run();
    return $results;
}

function show(array $results): void
{
    foreach ($results as $name => $result) {
        echo "$name: ", is_string($result) ? $result : json_encode($result), "\n";
    }
}

function pause(): void
{
    $suspension = EventLoop::getSuspension();
    EventLoop::delay(0.05, $suspension->resume(...));
    $suspension->suspend();
}

$server = new TestServer('--plain', '--token', 'ana:t0k3n', '--mechanisms', 'XOAUTH2');
$case = 1000;
$token = function (callable $token, mixed ...$options) use ($server, &$case) {
    return $server->mailer('plain', '', ...['token' => $token, 'username' => 'ana', 'max_rate' => ++$case, ...$options]);
};

echo "Others run while a mail waits:\n";
$order = [];
$server->script(['on' => 'final', 'delay_ms' => 300, 'times' => 4]);
$mailer = $token(fn () => 't0k3n', pool_size: 4, pipeline_depth: 1);
$send = function (int $number) use ($mailer, &$order) {
    $order[] = "begin $number";
    $ok = $mailer->send(a_message())->ok;
    $order[] = 'end';
    return $ok;
};
show(together(a: fn () => $send(1), b: fn () => $send(2), c: fn () => $send(3), d: fn () => $send(4), e: function () use (&$order) {
    $order[] = 'other';
}));
echo implode(', ', $order), "\n", $server->count('mails', 'connections'), "\n";

echo "Letters and many:\n";
show(together(
    form: fn () => $mailer->sendContactForm(a_form(), to: 'shop@example.com', from: 'shop@example.com')->status,
    many: fn () => array_map(fn ($receipt) => $receipt->status, iterator_to_array($mailer->sendMany([a_message(), a_message(), a_message()]))),
));
var_dump($mailer->send(a_message())->ok);
EventLoop::run();
var_dump(EventLoop::count());

echo "One list of receipts, two fibers:\n";
$receipts = $mailer->sendMany([a_message(), a_message()]);
show(together(a: fn () => count(iterator_to_array($receipts)), b: fn () => $receipts->next()));

echo "A token source that gives way:\n";
$calls = 0;
$slow = function () use (&$calls) {
    $calls++;
    pause();
    return 't0k3n';
};
$mailer = $token($slow);
show(together(...array_map(fn () => fn () => $mailer->send(a_message())->ok, range(1, 4))));
echo "calls=$calls\n";
$mailer = $token($slow);
show(together(many: fn () => array_map(fn ($r) => $r->status, iterator_to_array($mailer->sendMany([a_message(), a_message()]))),
    one: fn () => $mailer->send(a_message())->ok));
echo "calls=$calls\n";

echo "They wait within their deadlines:\n";
$gate = null;
$mailer = $token(function () use (&$gate) {
    $gate = EventLoop::getSuspension();
    $gate->suspend();
    return 't0k3n';
});
show(together(first: fn () => $mailer->send(a_message())->ok, short: function () use ($mailer, &$gate) {
    try {
        $mailer->send(a_message(), 0.2);
    } finally {
        $gate->resume();
    }
}));

echo "A source that sends with its own token, one that throws:\n";
$mailer = $token(function () use (&$mailer) {
    try {
        $mailer->send(a_message());
    } catch (Facteur\AuthError $error) {
        echo $error->getMessage(), "\n";
    }
    pause();
    return 't0k3n';
});
show(together(a: fn () => $mailer->send(a_message())->ok));
$mailer = $token(function () {
    pause();
    throw new LogicException('the detail');
});
$told = function () use ($mailer) {
    try {
        $mailer->send(a_message());
    } catch (Facteur\AuthError $error) {
        return [$error->getMessage(), $error->getPrevious()?->getMessage()];
    }
};
show(together(a: $told, b: $told));

echo "An exception out of the wait takes the mail back:\n";
$mailer = $token(fn () => 't0k3n');
$server->script(['on' => 'mail', 'reply' => null, 'then' => 'stall']);
$waiting = null;
show(together(
    a: function () use ($mailer, &$waiting) {
        $waiting = EventLoop::getSuspension();
        return $mailer->send(a_message(), 40);
    },
    b: function () use (&$waiting) {
        pause();
        $waiting->throw(new RuntimeException('enough'));
    },
));
var_dump(EventLoop::count());

echo "A mailer is closed, and a fiber goes away:\n";
$server->script(['on' => 'final', 'delay_ms' => 100, 'times' => 1]);
$mailer = $token(fn () => 't0k3n');
show(together(a: fn () => $mailer->send(a_message())->ok, b: fn () => $mailer->close(), c: fn () => $mailer->send(a_message())));
$mailer = $token(fn () => 't0k3n');
$fiber = new Fiber(fn () => $mailer->send(a_message()));
$fiber->start();
$before = EventLoop::count() > 0;
unset($fiber);
gc_collect_cycles();
EventLoop::run();
var_dump($before, EventLoop::count());

echo "A fiber that is being destroyed blocks:\n";
$mailer = $token(fn () => 't0k3n');
$fiber = new Fiber(function () use ($mailer) {
    try {
        Fiber::suspend();
    } finally {
        var_dump($mailer->send(a_message())->ok);
    }
});
$fiber->start();
unset($fiber);
gc_collect_cycles();
echo $server->count('violations'), "\n";
?>
--EXPECT--
Others run while a mail waits:
a: true
b: true
c: true
d: true
e: null
begin 1, begin 2, begin 3, begin 4, other, end, end, end, end
mails=4 connections=4
Letters and many:
form: sent
many: ["sent","sent","sent"]
bool(true)
int(0)
One list of receipts, two fibers:
a: 2
b: Error Facteur\Receipts is reading its messages already
A token source that gives way:
0: true
1: true
2: true
3: true
calls=1
many: ["sent","sent"]
one: true
calls=2
They wait within their deadlines:
first: true
short: Facteur\DeadlineError the deadline passed while the token was asked for
A source that sends with its own token, one that throws:
the token source sent a mail that needs its token
a: true
a: ["the token callable threw LogicException","the detail"]
b: ["the token callable threw LogicException",null]
An exception out of the wait takes the mail back:
a: RuntimeException enough
b: null
int(0)
A mailer is closed, and a fiber goes away:
a: true
b: null
c: Facteur\Error the mailer is closed
bool(true)
int(0)
A fiber that is being destroyed blocks:
bool(true)
violations=[]
