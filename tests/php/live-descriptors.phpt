--TEST--
Live: a process with so many descriptors left, at the first send and later
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (ini_get('extension') === '' && !getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_EXTENSION, the path of facteur.so');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
$server = new TestServer('--plain', '--implicit-tls');
$script = tempnam(sys_get_temp_dir(), 'facteur-left-');
file_put_contents($script, sprintf(<<<'PAGE'
    <?php
    require '%s';
    [, $case, $left, $dsn, $ca] = $argv;
    $mailer = new Facteur\Mailer($dsn, deadline: 20, ca_file: $ca ?: null, tls: $ca ? 'implicit' : 'none');
    $mail = a_message();
    $order = an_order();
    $file = Facteur\Attachment::fromPath(__FILE__);
    $held = [];
    while ($one = @fopen('/dev/null', 'r')) {
        $held[] = $one;
    }
    for ($i = 0; $i < $left; $i++) {
        fclose(array_pop($held));
    }
    try {
        $receipt = match ($case) {
            'send' => $mailer->send($mail),
            'many' => iterator_to_array($mailer->sendMany([$mail, $mail]), false)[0],
            'letter' => $mailer->sendOrderConfirmation($order),
            'file' => $mailer->sendOrderConfirmation($order, attachments: [$file]),
        };
    } catch (Facteur\TemporaryError $error) {
        $receipt = $error->receipt;
    }
    array_map('fclose', $held);
    $told = $receipt->error_code === 'ELIMIT' && str_contains($receipt->error, 'no file descriptor left (RLIMIT_NOFILE is 60)');
    $first = $receipt->status === 'sent' ? ($left < 8 ? 'too early' : 'sent') : ($told && $left < 12 ? 'told' : (string) $receipt->error);
    echo in_array($first, ['sent', 'told'], true) ? 'good' : "$left left: $first", ' ', $mailer->send($mail)->status, "\n";
    PAGE, __DIR__ . '/letters.inc'));
foreach (['plain', 'implicit'] as $listener) {
    foreach (['send', 'many', 'letter', 'file'] as $case) {
        $answers = [];
        for ($left = 0; $left <= 12; $left++) {
            $child = proc_open(
                ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh', PHP_BINARY, '-n', '-d', 'extension=' . getenv('FACTEUR_PHP_EXTENSION'), $script,
                    $case, (string) $left, $server->dsn($listener), $listener === 'plain' ? '' : $server->facts['ca_file']],
                [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
            $answers[] = trim(stream_get_contents($pipes[1]));
            proc_close($child);
        }
        echo $listener, ' ', $case, ': ', implode(', ', array_unique($answers)), "\n";
    }
}
unlink($script);
?>
--EXPECT--
plain send: good sent
plain many: good sent
plain letter: good sent
plain file: good sent
implicit send: good sent
implicit many: good sent
implicit letter: good sent
implicit file: good sent
