--TEST--
stats(): what was counted in this process
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--plain');
$mailer = $server->mailer('plain');
$relay = $mailer->stats()['relays'][0];
var_dump($relay['relay'] === $mailer->name, $relay['connections']['opened'], $relay['phases']);
for ($i = 0; $i < 3; $i++) {
    $mailer->send(a_message());
}
$relay = $mailer->stats()['relays'][0];
echo json_encode([$relay['connections'], $relay['mails'], $relay['handshakes']]), "\n";
var_dump($relay['phases']['final']['count'], array_sum(array_column($relay['phases']['final']['buckets'], 1)));
var_dump((new Facteur\Mailer('memory://'))->stats());
?>
--EXPECT--
bool(true)
int(0)
array(0) {
}
[{"open":1,"opened":1,"reused":2,"failed":[]},{"sent":3,"temporary":0,"permanent":0,"in_doubt":0,"in_flight":0,"waiting":0,"redone":0,"late_sent":0,"late_refused":0},{"full":0,"resumed":0}]
int(3)
int(3)
array(1) {
  ["relays"]=>
  array(0) {
  }
}
