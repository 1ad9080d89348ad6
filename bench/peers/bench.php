<?php
// SPDX-License-Identifier: MIT
// What the PHP peers share: the job from the environment, the clock around each mail, the answer.
[$host, $port, $ca] = [getenv('BENCH_HOST'), (int)getenv('BENCH_PORT'), getenv('BENCH_CA')];
[$tls, $login] = [getenv('BENCH_TLS'), getenv('BENCH_LOGIN') === '1']; // tls: none, implicit or starttls
[$user, $password, $sender, $recipient] = ['shop@example.com', 's3cret', 'shop@example.com', 'zoe@example.net'];
[$mode, $work, $mails, $depth] = [getenv('BENCH_MODE'), getenv('BENCH_WORK'), (int)getenv('BENCH_MAILS'), (int)getenv('BENCH_DEPTH')];
[$text, $html, $raw, $order] = array_map(fn($name) => file_get_contents(getenv('BENCH_DIR') . "/order.$name"), ['txt', 'html', 'eml', 'json']);
$pdf = is_file(getenv('BENCH_DIR') . '/order.pdf') ? file_get_contents(getenv('BENCH_DIR') . '/order.pdf') : null;
$file = getenv('BENCH_DIR') . '/order.zip'; // too large to be read before it is sent
$file = is_file($file) ? $file : null;

/** Subject, text and HTML of one order. */
function parts(int $number): array
{
    global $text, $html;
    return ["Order $number: thank you, Zoë", str_replace('@NUMBER@', (string)$number, $text), str_replace('@NUMBER@', (string)$number, $html)];
}

/** $send($number) returns when the mail was accepted, and throws otherwise. */
function one_by_one(callable $send): void
{
    global $mails;
    $spent = [];
    $begin = hrtime(true);
    for ($number = 0; $number < $mails; $number++) {
        $before = hrtime(true);
        $send($number);
        $spent[] = intdiv(hrtime(true) - $before, 1000);
    }
    answer(hrtime(true) - $begin, $spent);
}

function answer(int $wall_ns, array $spent = []): void
{
    preg_match('/VmHWM:\s*(\d+)/', file_get_contents('/proc/self/status'), $peak);
    echo json_encode(['wall_us' => intdiv($wall_ns, 1000), 'us' => $spent, 'peak_kib' => (int)$peak[1]]), "\n";
}
