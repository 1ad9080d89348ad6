/* SPDX-License-Identifier: MIT */
#include "mime/command_word.h"

#include <string.h>

/* RFC 5321, RFC 821, RFC 2033, and their extensions; by the first letter. */
static const char *const words[26][4] = {
    ['a' - 'a'] = {"auth", "atrn"},
    ['b' - 'a'] = {"bdat", "burl"},
    ['d' - 'a'] = {"data"},
    ['e' - 'a'] = {"ehlo", "expn", "etrn"},
    ['h' - 'a'] = {"helo", "help"},
    ['l' - 'a'] = {"lhlo"},
    ['m' - 'a'] = {"mail"},
    ['n' - 'a'] = {"noop"},
    ['q' - 'a'] = {"quit"},
    ['r' - 'a'] = {"rcpt", "rset"},
    ['s' - 'a'] = {"send", "soml", "saml", "starttls"},
    ['t' - 'a'] = {"turn"},
    ['v' - 'a'] = {"vrfy", "verb"},
    ['x' - 'a'] = {"xclient", "xforward", "xexch50", "x-exps"},
};

#define FIVE(byte) ((byte)&31)
#define BIT(byte) (1U << FIVE(byte))

const uint32_t fct_command_word_seconds[32] = {
    [FIVE(' ')] = UINT32_MAX,
    [FIVE('\t')] = UINT32_MAX,
    [FIVE('a')] = BIT('u') | BIT('t'),
    [FIVE('b')] = BIT('d') | BIT('u'),
    [FIVE('d')] = BIT('a'),
    [FIVE('e')] = BIT('h') | BIT('x') | BIT('t'),
    [FIVE('h')] = BIT('e'),
    [FIVE('l')] = BIT('h'),
    [FIVE('m')] = BIT('a'),
    [FIVE('n')] = BIT('o'),
    [FIVE('q')] = BIT('u'),
    [FIVE('r')] = BIT('c') | BIT('s'),
    [FIVE('s')] = BIT('e') | BIT('o') | BIT('a') | BIT('t'),
    [FIVE('t')] = BIT('u'),
    [FIVE('v')] = BIT('r') | BIT('e'),
    [FIVE('x')] = BIT('c') | BIT('f') | BIT('e') | BIT('-'),
};

/* Four letters in lower case, as one number. */
static uint32_t four_letters(const char *bytes)
{
    uint32_t letters;

    memcpy(&letters, bytes, sizeof letters);
    return letters | 0x20202020;
}

/* Both begin with the same four letters. */
static bool is_word(const char *line, size_t len, const char *word)
{
    size_t word_len = strlen(word);

    if (!fct_slice_starts_nocase((fct_slice){line, len}, (fct_slice){word, word_len}))
        return false;
    /* The header field Sender is not a command. */
    return strcmp(word, "send") != 0 || len == word_len ||
           (unsigned)(fct_ascii_lower(line[word_len]) - 'a') >= 26;
}

bool fct_command_word_begins(const char *line, size_t len)
{
    unsigned first;
    uint32_t begin;

    while (len && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    if (len < 4 || !fct_command_word_may_begin(line))
        return false;
    first = (unsigned)((*line | 0x20) - 'a');
    if (first >= 26)
        return false;
    begin = four_letters(line);
    for (size_t i = 0; i < 4 && words[first][i]; i++) {
        if (begin == four_letters(words[first][i]) && is_word(line, len, words[first][i]))
            return true;
    }
    return false;
}

static bool stands_behind(char line_end, const char *bytes, size_t len)
{
    const char *at = bytes, *end = bytes + len;

    while ((at = memchr(at, line_end, (size_t)(end - at)))) {
        at++;
        if (end - at >= 4 && fct_command_word_may_begin(at) &&
            fct_command_word_begins(at, (size_t)(end - at)))
            return true;
    }
    return false;
}

bool fct_command_word_within(const char *bytes, size_t len)
{
    return len && (fct_command_word_begins(bytes, len) || stands_behind('\n', bytes, len) ||
                   stands_behind('\r', bytes, len));
}
