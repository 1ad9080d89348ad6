--TEST--
Live: send() with the option outbox, a relay that is away, an outbox that is away; Outbox::work()
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\{Mailer, Outbox};

$folder = sys_get_temp_dir() . '/facteur-live-outbox-' . getmypid();
mkdir($folder, 0700);
$url = "sqlite://$folder/outbox.db";
$server = new TestServer('--plain');
$mailer = new Mailer($server->dsn('plain'), outbox: $url);

$sent = $mailer->send(a_message());
echo "$sent->status $sent->outbox_id ", count($sent->notes), "\n";

// A relay that is away: the outbox has the mail, and a job sends it.
$away = new Mailer('smtp://127.0.0.1:1', outbox: $url);
$queued = $away->send(a_message());
echo "$queued->status $queued->outbox_id ", json_encode($queued->ok && $queued->durable), ' ', substr($queued->notes[0], 0, 12), "\n";
$mailer->enqueueMany([a_message(), a_message(), a_message()]);
echo Outbox::work($mailer, limit: 2)['sent'], "\n";
echo Outbox::work($mailer, seconds: 30.0)['sent'], ' ', Outbox::work($mailer)['sent'], "\n";

// An outbox that cannot be used stops no mail.
$without = new Mailer($server->dsn('plain'), outbox: 'sqlite:///nonexistent/outbox.db');
$direct = $without->send(a_message());
echo "$direct->status [$direct->outbox_id] ", substr($direct->notes[0], 0, 38), "\n";

foreach ([fn () => Outbox::work(new Mailer($server->dsn('plain'))), fn () => Outbox::work(new Mailer('null://', outbox: $url)),
    fn () => Outbox::work($mailer, -1.0), fn () => Outbox::work($mailer, 1.0, -1)] as $call) {
    try {
        $call();
    } catch (Throwable $error) {
        echo get_class($error), ' ', $error->where ?? strtok($error->getMessage(), ','), "\n";
    }
}
echo count($server->mails()), "\n";
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
sent 1 0
queued 2 true a first try:
2
1 0
sent [] the mail was tried without the outbox:
Facteur\ConfigError outbox
Facteur\ConfigError dsn
ValueError Facteur\Outbox::work(): Argument #2 ($seconds) must be a number of seconds
ValueError Facteur\Outbox::work(): Argument #3 ($limit) must be a number of mails
5
