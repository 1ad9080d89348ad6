--TEST--
smime: of a mailer and of a message, signed and encrypted, read by PHP's openssl; open_basedir
--EXTENSIONS--
facteur
openssl
--FILE--
<?php
require __DIR__ . '/letters.inc';
$pair = function (string $name, string $address): array {
    $config = __DIR__ . "/smime.$name.cnf";
    file_put_contents($config, "[req]\ndistinguished_name=dn\n[dn]\n[own]\nsubjectAltName=email:$address\nkeyUsage=digitalSignature,keyEncipherment\n");
    $key = openssl_pkey_new(['private_key_bits' => 2048]);
    $request = openssl_csr_new(['commonName' => $name], $key, ['config' => $config]);
    openssl_x509_export(openssl_csr_sign($request, null, $key, 2, ['config' => $config, 'x509_extensions' => 'own']), $certificate);
    openssl_pkey_export($key, $pem);
    file_put_contents(__DIR__ . "/smime.$name.pem", $certificate);
    unlink($config);
    return [$certificate, $pem];
};
[$shop, $shopKey] = $pair('shop', 'shop@example.com');
[$zoe, $zoeKey] = $pair('zoe', 'zoe@example.net');
$message = fn (mixed ...$more) => new Facteur\Message(...$more + ['from' => 'shop@example.com', 'to' => 'zoe@example.net', 'text' => "Hello\n"]);
$sent = function (Facteur\Message $message, mixed ...$options): string {
    $mailer = new Facteur\Mailer('memory://', ...$options);
    $mailer->send($message);
    file_put_contents(__DIR__ . '/smime.eml', $raw = $mailer->captured()[0]['raw']);
    return $raw;
};
$sign = ['sign' => ['certificate' => $shop, 'key' => fn () => $shopKey]];
$encrypt = ['encrypt' => ['recipients' => [['certificate_file' => __DIR__ . '/smime.zoe.pem']]]];
$verified = fn () => openssl_pkcs7_verify(__DIR__ . '/smime.eml', PKCS7_NOVERIFY);
$read = function () use ($zoe, $zoeKey): bool {
    return openssl_cms_decrypt(__DIR__ . '/smime.eml', __DIR__ . '/smime.out', $zoe, $zoeKey) &&
        str_contains(file_get_contents(__DIR__ . '/smime.out'), 'Hello');
};

$sent($message(), smime: $sign);
var_dump($verified());
$raw = $sent($message(smime: $encrypt), smime: $sign);
var_dump(str_contains($raw, 'Hello'), $read());
$sent($message(smime: json_encode(['sign' => ['certificate' => $shop, 'key' => $shopKey]])));
var_dump($verified());
$sent($message(), smime: $sign + $encrypt);
var_dump($read(), str_contains(file_get_contents(__DIR__ . '/smime.out'), 'pkcs7-signature'));
$bytes = "From: shop@example.com\r\nTo: zoe@example.net\r\n\r\nHello\r\n";
$sent(Facteur\Message::fromBytes($bytes, smime: $sign));
var_dump($verified());

echo "Errors:\n";
function fails(callable $make): void
{
    try {
        $make();
        echo "not refused\n";
    } catch (Facteur\Error $error) {
        printf("%s %s: %s %d\n", $error::class, $error->where, str_replace(__DIR__, '', $error->getMessage()), str_contains($error, 'h1dden'));
    }
}
fails(fn () => new Facteur\Mailer('memory://', smime: ['sign' => ['certificate' => $shop, 'key' => 'h1dden']]));
fails(fn () => new Facteur\Mailer('memory://', smime: ['sign' => ['certificate' => $shop, 'key' => $zoeKey]]));
$plain = new Facteur\Mailer('memory://');
fails(fn () => $plain->send($message(smime: ['sgin' => []])));
fails(fn () => $plain->send($message(smime: '{"sign": "h1dden')));
fails(fn () => $message(smime: ['sign' => ['certificate' => $shop, 'key' => fn () => null]]));
$carla = new Facteur\Message(from: 'shop@example.com', to: 'carla@example.net', text: 'Hi', smime: $encrypt);
fails(fn () => $plain->send($carla));
var_dump(count($plain->captured()));
ini_set('open_basedir', __DIR__ . '/open');
fails(fn () => $message(smime: $encrypt));
fails(fn () => Facteur\Message::fromBytes($bytes, smime: json_encode($encrypt)));
?>
--CLEAN--
<?php
array_map('unlink', glob(__DIR__ . '/smime.{eml,out,*.pem}', GLOB_BRACE));
?>
--EXPECT--
bool(true)
bool(false)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
Errors:
Facteur\ConfigError smime.sign.key: smime.sign.key: the key is not a private key in PEM ("-----BEGIN PRIVATE KEY-----") 0
Facteur\ConfigError smime.sign.key: smime.sign.key: the key is not the one of the certificate 0
Facteur\ConfigError smime.sgin: smime.sgin: there is no such member; did you mean sign? 0
Facteur\ConfigError smime: smime is not JSON: line 1, column 16 cannot be read 0
Facteur\ConfigError smime: smime: a key callable of smime returned no string 0
Facteur\ConfigError smime.encrypt.recipients: smime.encrypt.recipients: there is no certificate for carla@example.net 0
int(0)
Facteur\ConfigError smime.encrypt.recipients[0].certificate_file: smime.encrypt.recipients[0].certificate_file: open_basedir does not allow /smime.zoe.pem 0
Facteur\ConfigError smime.encrypt.recipients[0].certificate_file: smime.encrypt.recipients[0].certificate_file: open_basedir does not allow /smime.zoe.pem 0
