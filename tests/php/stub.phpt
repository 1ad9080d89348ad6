--TEST--
The stub is what the extension has: names, types, defaults
--EXTENSIONS--
facteur
tokenizer
--INI--
pcre.jit=0
--FILE--
<?php
/* The stub is loaded as user code under another namespace, and both are told by reflection. */
$root = getenv('FACTEUR_SOURCE_ROOT') ?: dirname(__DIR__, 2);
$code = file_get_contents("$root/ext/facteur.stub.php");
$code = strtr($code, ['namespace Facteur {' => 'namespace Stub\Facteur {', 'namespace {' => 'namespace Stub {']);
$code = preg_replace('/(\): (?:static )?)void \{\}/', '$1void {}', $code);
eval(substr($code, strlen('<?php')));

function tell(ReflectionFunctionAbstract $function): string
{
    $parameters = array_map(fn (ReflectionParameter $p) => trim(sprintf('%s %s%s%s', $p->getType(), $p->isVariadic() ? '...' : '', $p->getName(),
        $p->isDefaultValueAvailable() ? ' = ' . var_export($p->getDefaultValue(), true) : '')), $function->getParameters());
    return str_replace('Stub\\', '', sprintf('%s(%s): %s', $function->getName(), implode(', ', $parameters), $function->getReturnType() ?? '-'));
}

function told(string $prefix): array
{
    $lines = [];
    foreach (array_keys((new ReflectionExtension('facteur'))->getFunctions()) as $name) {
        $lines[] = strtolower(tell(new ReflectionFunction($prefix . $name)));
    }
    foreach ((new ReflectionExtension('facteur'))->getClassNames() as $name) {
        $class = new ReflectionClass($prefix . $name);
        foreach ($class->getMethods() as $method) {
            if ($method->class === $class->name) {
                $lines[] = $name . ' ' . implode(' ', Reflection::getModifierNames($method->getModifiers())) . ' ' . tell($method);
            }
        }
        foreach ($class->getProperties() as $property) {
            if ($property->class === $class->name) {
                /* Since 8.4 the text begins with the comment, which only the stub has. */
                $lines[] = str_replace('Stub\\', '', "$name " . strstr($property, 'Property ['));
            }
        }
    }
    return $lines;
}
$stub = told('Stub\\');
$real = told('');
echo count($real) > 40 ? "many\n" : "few\n";
var_dump(array_diff($stub, $real), array_diff($real, $stub));
?>
--EXPECT--
many
array(0) {
}
array(0) {
}
