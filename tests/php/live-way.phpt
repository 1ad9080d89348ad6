--TEST--
Live: no way to the relay: connection, TLS, login, deadline
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\{Mailer, TemporaryError};

function way(Mailer $mailer, float $deadline = 60.0): void
{
    try {
        $mailer->send(a_message(), $deadline);
        echo "sent\n";
    } catch (TemporaryError $error) {
        printf("%s %s %s %s\n", $error::class, $error->error_code, $error->receipt->status, $error->receipt->phase);
        if (str_contains($error . print_r($error, true), 'hunter2')) {
            echo "the password is shown\n";
        }
    }
}

$server = new TestServer('--starttls', '--implicit-tls', '--auth', 'ana:secret');
$socket = stream_socket_server('tcp://127.0.0.1:0');
$closed = stream_socket_get_name($socket, false);
fclose($socket);
way(new Mailer("smtp://$closed", tls: 'none'));
way(new Mailer($server->dsn('implicit', 'ana:secret')));
way($server->mailer('implicit', 'ana:hunter2'));
way($server->mailer('starttls', 'ana:hunter2'));
$server->script(['on' => 'starttls', 'reply' => '454 4.7.0 not now']);
way($server->mailer('starttls', 'ana:secret'));
$server->script(['on' => 'greeting', 'reply' => null, 'then' => 'stall']);
way($server->mailer('implicit', 'ana:secret', helo: 'a.example.com'), 3.0);
$server->script();

$missing = new Mailer($server->dsn('implicit', 'ana:secret'), ca_file: '/nonexistent/ca.pem');
thrown(fn () => $missing->send(a_message()));
$receipt = (new Mailer($server->dsn('implicit', 'ana:secret'), ca_file: '/nonexistent/ca.pem', default_from: 'shop@example.com'))
    ->sendOrderConfirmation(an_order());
echo "$receipt->status $receipt->error_code\n";
$facts = (new Mailer("smtp://$closed", tls: 'none'))->check(2.0);
var_dump($facts['ok']);
$receipt = (new Mailer("smtp://$closed", tls: 'none', default_from: 'shop@example.com'))->sendOrderConfirmation(an_order());
var_dump($receipt->status, $receipt->error_code);
echo $server->count('mails', 'violations'), "\n";
?>
--EXPECTF--
Facteur\ConnectError ECONNECT temporary connect
Facteur\TLSError ETLS temporary tls
Facteur\AuthError EAUTH temporary auth
Facteur\AuthError EAUTH temporary auth
Facteur\TLSError ETLS temporary tls
Facteur\DeadlineError EDEADLINE temporary greeting
Facteur\ConfigError ECONFIG -2 [ca_file] %s
temporary ECONFIG
bool(false)
string(9) "temporary"
string(8) "ECONNECT"
mails=0 violations=[]
