--TEST--
Live: a row of each section of the fault table (tests/faults)
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
use Facteur\{InDoubtError, Message, PermanentError, SendError, TemporaryError};

const RECIPIENTS = ['ana@example.org', 'bob@example.org', 'carla@example.org'];
const LETTER = ['sent' => 'S', 'temporary' => 'T', 'permanent' => 'P', 'in_doubt' => 'A'];
const KIND = ['temporary' => TemporaryError::class, 'permanent' => PermanentError::class, 'in_doubt' => InDoubtError::class];

function send(Facteur\Mailer $mailer, array $to): Facteur\Receipt
{
    try {
        return $mailer->send(new Message(from: 'shop@shop.example', to: $to, subject: 'fault', text: "Fault.\n"), 10.0);
    } catch (SendError $error) {
        if (!$error instanceof (KIND[$error->receipt->status])) {
            echo $error::class, ' for ', $error->receipt->status, "\n";
        }
        return $error->receipt;
    }
}

function classes(Facteur\Receipt $receipt, array $to): string
{
    $class = function (string $address) use ($receipt): string {
        $code = ($receipt->rejected[$address] ?? null)?->code ?? 0;
        return in_array($address, $receipt->accepted, true) ? 'S'
            : ($code && ($receipt->status === 'sent' || $receipt->phase === 'rcpt') ? ($code < 500 ? 'T' : 'P') : LETTER[$receipt->status]);
    };
    return implode('', array_map($class, $to));
}

$root = getenv('FACTEUR_SOURCE_ROOT') ?: dirname(__DIR__, 2);
$rows = json_decode(shell_exec((getenv('FACTEUR_PYTHON') ?: 'python3') . ' ' . escapeshellarg("$root/tests/faults/table.py")), true);
$server = new TestServer('--plain', '--starttls', '--implicit-tls', '--auth', 'ana:secret', '--no-auth-required');
foreach ($rows as $row) {
    $server->script();
    $server->order('options', ['set' => $row['options'] + ['max_mails' => 0]]);
    $listener = array_intersect(['tls', 'auth'], $row['where']) ? 'starttls' : 'plain';
    $login = in_array('auth', $row['where']) ? 'ana:secret' : '';
    $to = in_array('three', $row['where']) ? RECIPIENTS : array_slice(RECIPIENTS, 0, 1);
    $options = ['chunking' => !in_array('data', $row['where']), 'helo' => "row-{$row['number']}.example"]; // a pool of its own
    $mailer = $server->mailer($listener, $login, ...$options);
    if (!in_array('fresh', $row['where'])) {
        send($mailer, $to);
    }
    $server->script(...$row['steps']);
    $told = classes(send($mailer, $to), $to);
    $mailer->close();
    echo $row['number'], ' ', $told, $told === str_pad($row['classes'], count($to), $row['classes']) ? '' : " instead of {$row['classes']}", "\n";
}
echo $server->count('violations'), "\n";
?>
--EXPECT--
9.421 T
20 T
31.a T
45.535 T
57 SPT
74.550 P
79 A
88.451 T
93.552 P
103 S
violations=[]
