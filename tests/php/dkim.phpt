--TEST--
dkim: keys as text, file and callable; a bad one is told without its secret, and nothing is sent
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
facteur.dkim="[{\"domain\": \"h1dden.example\", \"selector\": \"s\", \"key\": \"h1dden\"}]"
--FILE--
<?php
require __DIR__ . '/letters.inc';
openssl_pkey_export(openssl_pkey_new(['private_key_bits' => 2048]), $pem);
$file = __DIR__ . '/dkim.key.pem';
file_put_contents($file, $pem);
function signatures(array|string $dkim): int
{
    $mailer = new Facteur\Mailer('memory://', dkim: $dkim);
    $mailer->send(a_message());
    return preg_match_all('/^DKIM-Signature:/m', $mailer->captured()[0]['raw']);
}
final class Vault
{
    public int $calls = 0;
    public function __construct(public mixed $gives)
    {
    }
    public function key(): mixed
    {
        $this->calls++;
        return $this->gives instanceof Throwable ? throw $this->gives : $this->gives;
    }
}
$one = ['domain' => 'example.com', 'selector' => 'one'];
$two = ['domain' => 'example.com', 'selector' => 'two'];
$vault = new Vault($pem);

var_dump(signatures([$one + ['key' => $pem]]));
var_dump(signatures([$one + ['key_file' => $file], $two + ['key' => $vault->key(...), 'expires_after' => 3600]]));
$given = [$one + ['key' => [$vault, 'key']]];
$held = &$given[0]['key'];
var_dump(signatures($given), is_array($held), $vault->calls);
var_dump(signatures(json_encode([$one + ['key' => $pem]])));
/* A path is that of the directory in which the mailer was made. */
chdir(__DIR__);
$mailer = new Facteur\Mailer('memory://', dkim: [$one + ['key_file' => basename($file)]]);
chdir('/');
$mailer->send(a_message());
var_dump(preg_match_all('/^DKIM-Signature:/m', $mailer->captured()[0]['raw']));

echo "Errors:\n";
$told = '';
function fails(callable $make): void
{
    global $told;
    try {
        $make();
        echo "not refused\n";
    } catch (Throwable $error) {
        printf("%s %s: %s\n", $error::class, $error->where ?? '', str_replace(__DIR__, '', $error->getMessage()));
        $told .= $error . print_r($error->getTrace()[0] ?? [], true);
    }
}
$mailer = fn (array $entry) => fn () => new Facteur\Mailer('memory://', ['password' => 'h1dden'], dkim: [$entry]);
fails($mailer($one));
fails($mailer($one + ['key' => 'h1dden']));
fails($mailer($one + ['key' => str_replace('M', 'h1dden', $pem)]));
fails($mailer(['selector' => 'a=b'] + $one + ['key' => $pem]));
fails($mailer($one + ['key' => $pem, 'kye_file' => 'h1dden']));
fails($mailer($one + ['key' => fn () => 12]));
fails($mailer($one + ['key' => new Vault('h1dden')]));
fails($mailer($one + ['key' => (new Vault(new DomainException('sealed')))->key(...)]));
fails($mailer($one + ['key' => 'strtoupper']));
fails($mailer($one + ['key' => STDERR]));
fails($mailer($one + ['key' => $pem, 'expires_after' => NAN]));
fails($mailer($one + ['headers' => ['Subject', new ArrayIterator([INF])]]));
fails(fn () => new Facteur\Mailer('memory://', ca_file: STDERR));
fails(fn () => new Facteur\Mailer('memory://', deadline: NAN));

echo "Never unsigned:\n";
$late = new Facteur\Mailer('memory://', dkim: [$one + ['key_file' => __DIR__ . '/dkim.none.pem']]);
fails(fn () => $late->send(a_message()));
foreach ($late->sendMany([a_message(), a_message()]) as $receipt) {
    echo str_replace(__DIR__, '', "$receipt->status $receipt->error_code $receipt->error\n");
}
$receipt = $late->sendOrderConfirmation(an_order());
var_dump($receipt->status, $receipt->error_code);
var_dump(count($late->captured()));
$good = new Facteur\Mailer('memory://', dkim: [$one + ['key' => $pem]]);
ob_start();
var_dump($good);
print_r($good);
phpinfo(INFO_MODULES | INFO_CONFIGURATION);
$told .= ob_get_clean();
var_dump(preg_match('/facteur.dkim => set, not shown/', $told), preg_match('/h1dden|PRIVATE KEY-----\\s/', $told));
?>
--CLEAN--
<?php
@unlink(__DIR__ . '/dkim.key.pem');
?>
--EXPECT--
int(1)
int(2)
int(1)
bool(true)
int(2)
int(1)
int(1)
Errors:
Facteur\ConfigError dkim[0].key: dkim[0].key: missing: give key or key_file
Facteur\ConfigError dkim[0].key: dkim[0].key: the key is not a private key in PEM ("-----BEGIN PRIVATE KEY-----")
Facteur\ConfigError dkim[0].key: dkim[0].key: the key is not a private key in PEM ("-----BEGIN PRIVATE KEY-----")
Facteur\ConfigError dkim[0].selector: dkim[0].selector: a selector has letters, digits, inner hyphens and dots only
Facteur\ConfigError dkim[0].kye_file: dkim[0].kye_file: there is no such member; did you mean key_file?
Facteur\ConfigError dkim: dkim: a key callable of dkim returned no string
Facteur\ConfigError dkim[0].key: dkim[0].key: expected a text that is not empty, got an object
DomainException : sealed
Facteur\ConfigError dkim[0].key: dkim[0].key: the key is not a private key in PEM ("-----BEGIN PRIVATE KEY-----")
Facteur\ConfigError dkim[0].key: dkim[0].key: expected a text, a number, a bool, an array or null, got resource
Facteur\ConfigError dkim[0].expires_after: dkim[0].expires_after: expected a text, a number, a bool, an array or null, got NAN
Facteur\ConfigError dkim[0].headers[1]: dkim[0].headers[1]: ArrayIterator holds a value that JSON has no form for
Facteur\ConfigError ca_file: ca_file: expected a text, a number or a bool, got resource
Facteur\ConfigError deadline: deadline must be seconds such as 10 or 2.5, not "NAN"
Never unsigned:
Facteur\ConfigError dkim[0].key_file: dkim[0].key_file: cannot read "/dkim.none.pem": No such file or directory
temporary ECONFIG dkim[0].key_file: cannot read "/dkim.none.pem": No such file or directory
temporary ECONFIG dkim[0].key_file: cannot read "/dkim.none.pem": No such file or directory
string(9) "temporary"
string(7) "ECONFIG"
int(0)
int(1)
int(0)
