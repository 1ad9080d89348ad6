/* SPDX-License-Identifier: MIT */
/*
 * A point between two labels may be a link ("evil.com") or a name ("St.John", "Co.KG").  What is
 * before it, the case of what is behind it and the known top-level domains decide.
 */
#include "letters/plain_name.h"

#include "letters/top_level.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define NAME_BYTES 100 /* of a display name in a header */
#define WIDE_MAX 2048  /* UTF-16 units of a name, its compatibility forms written out */
#define WORD_BYTES 64  /* of a label that may be in a list; a longer one is in none */

/* A name as people read it: plain forms of its characters, without those that cannot be seen. */
struct name {
    UChar32 at[WIDE_MAX];
    size_t count;
};

/* One of the two labels beside a point. */
struct label {
    char word[WORD_BYTES]; /* in lower case; "" when it is too long */
    size_t letters;        /* characters, without combining marks */
    bool has_other;        /* a character that is no letter */
    bool upper_first;
    bool has_upper, has_lower;
    UChar32 next; /* the character behind it */
};

static bool is_one_of(const char *const *words, const char *word)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

/* ---- Reading as people do -------------------------------------------------------------------- */

/* The points that IDNA knows beside the ASCII one and that NFKC leaves alone. */
static bool is_other_point(UChar32 code)
{
    return code == 0x3002 || code == 0xff61;
}

static bool read_name(fct_slice text, struct name *name)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
    UChar raw[NAME_BYTES + 1], wide[WIDE_MAX];
    int32_t len = 0;

    name->count = 0;
    u_strFromUTF8WithSub(raw, NAME_BYTES + 1, &len, text.ptr, (int32_t)text.len, 0xfffd, NULL,
                         &status);
    len = unorm2_normalize(nfkc, raw, len, wide, WIDE_MAX, &status);
    u_strToUTF32(name->at, WIDE_MAX, &len, wide, len, &status);
    for (int32_t at = 0; U_SUCCESS(status) && at < len; at++) {
        UChar32 code = name->at[at];

        if (!u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
            name->at[name->count++] = is_other_point(code) ? '.' : code;
    }
    return U_SUCCESS(status);
}

/* Whether ASCII text in lower case is at this place. */
static bool is_at(const struct name *name, size_t at, const char *text)
{
    while (*text && at < name->count && (UChar32)(unsigned char)*text == u_tolower(name->at[at])) {
        text++;
        at++;
    }
    return !*text;
}

static bool contains(const struct name *name, const char *text)
{
    for (size_t at = 0; at < name->count; at++) {
        if (is_at(name, at, text))
            return true;
    }
    return false;
}

/* How many characters are a point that is dressed up or set apart: "[.]", " (dot) ", " . ".  Else
 * 0. */
static size_t masked_point(const struct name *name, size_t at)
{
    static const char *const masks[] = {"[.]", "(.)", "{.}", "[dot]", "(dot)", "{dot}"};
    size_t blank = is_at(name, at, " ") ? 1 : 0;

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        size_t end = at + blank + strlen(masks[i]);

        if (is_at(name, at + blank, masks[i]))
            return end - at + (is_at(name, end, " ") ? 1 : 0);
    }
    return is_at(name, at, " . ") ? 3 : is_at(name, at, " .") ? 2 : 0;
}

static void unmask(struct name *name)
{
    size_t out = 0;

    for (size_t at = 0; at < name->count;) {
        size_t len = masked_point(name, at);

        name->at[out++] = len ? '.' : name->at[at];
        at += len ? len : 1;
    }
    name->count = out;
}

/* ---- Labels ---------------------------------------------------------------------------------- */

static bool is_label_character(UChar32 code)
{
    return u_isalnum(code) || code == '-' || code == '_' || (U_GET_GC_MASK(code) & U_GC_M_MASK);
}

static bool is_mark(UChar32 code)
{
    return (U_GET_GC_MASK(code) & U_GC_M_MASK) != 0;
}

static void lower_word(const struct name *name, size_t from, size_t to, char word[WORD_BYTES])
{
    uint8_t *bytes = (uint8_t *)word;
    size_t len = 0;

    for (; from < to && len + U8_MAX_LENGTH < WORD_BYTES; from++) {
        uint32_t lower = (uint32_t)u_tolower(name->at[from]);

        U8_APPEND_UNSAFE(bytes, len, lower);
    }
    word[from < to ? 0 : len] = '\0';
}

static struct label label_of(const struct name *name, size_t from, size_t to)
{
    struct label label = {.upper_first = from < to && u_isupper(name->at[from]),
                          .next = to < name->count ? name->at[to] : 0};

    for (size_t at = from; at < to; at++) {
        UChar32 code = name->at[at];

        label.letters += is_mark(code) ? 0 : 1;
        label.has_other |= !u_isalpha(code) && !is_mark(code);
        label.has_upper |= u_isupper(code);
        label.has_lower |= u_islower(code);
    }
    lower_word(name, from, to, label.word);
    return label;
}

static struct label label_before(const struct name *name, size_t point)
{
    size_t from = point;

    while (from && is_label_character(name->at[from - 1]))
        from--;
    return label_of(name, from, point);
}

static struct label label_behind(const struct name *name, size_t point)
{
    size_t to = point + 1;

    while (to < name->count && is_label_character(name->at[to]))
        to++;
    return label_of(name, point + 1, to);
}

/* ---- Names and links ------------------------------------------------------------------------- */

/* What is abbreviated before a name: "Dr.Li", "St.John", "Co.KG". */
static bool is_title(const char *word)
{
    static const char *const titles[] = {
        "bc",  "bros", "capt", "cia",  "cie",  "co",     "col", "dent", "dipl", "dr",  "dra",
        "drs", "fa",   "fr",   "gebr", "gen",  "hon",    "ing", "ir",   "jr",   "jur", "lic",
        "lt",  "ltd",  "mag",  "maj",  "med",  "messrs", "mgr", "mlle", "mme",  "mr",  "mrs",
        "ms",  "msgr", "mx",   "nat",  "phil", "prof",   "pt",  "rer",  "rev",  "sgt", "sr",
        "sra", "srta", "st",   "sta",  "ste",  "univ",   "vet", NULL};

    return is_one_of(titles, word);
}

/* "A.de Jong": the small words before a surname, some of which are countries, too. */
static bool is_particle(const char *word)
{
    static const char *const particles[] = {"af",  "al",  "am",  "av",  "bin", "da", "dal", "das",
                                            "de",  "del", "den", "der", "des", "di", "do",  "dos",
                                            "du",  "el",  "ibn", "la",  "le",  "te", "ten", "ter",
                                            "van", "von", "zu",  "zum", "zur", NULL};

    return is_one_of(particles, word);
}

/* "Co.KG", "Meier.AG", "Ana.MD": company forms and degrees that are countries, too. */
static bool is_form(const char *word)
{
    static const char *const forms[] = {"ag", "as", "bv", "kg", "md", "pa",
                                        "pe", "sa", "se", "sl", NULL};

    return is_one_of(forms, word);
}

/* Whether a point after this label is that of an abbreviation: "J.Li", "Dr.Li". */
static bool is_abbreviated_name(const struct label *left, const struct label *right)
{
    if (right->upper_first)
        return left->upper_first || is_title(left->word);
    if (is_title(left->word) && is_title(right->word))
        return true; /* "Dr.med. Ana" */
    return left->upper_first && is_particle(right->word) && right->next == ' ';
}

static bool is_link(const struct label *left, const struct label *right)
{
    fct_slice word = fct_slice_of(right->word);
    bool known = fct_top_level_is(word);
    bool shouted = left->has_upper && !left->has_lower && left->letters > 2;

    if (!left->letters || fct_slice_starts_nocase(word, FCT_SLICE("xn--")))
        return left->letters > 0;
    if (right->letters < 2 || right->has_other)
        return false;
    if (known && right->next == '/')
        return true;
    if (strcmp(left->word, "co") == 0 && (is_form(right->word) || strcmp(right->word, "ltd") == 0))
        return false;
    if (left->letters == 1 || is_title(left->word))
        return known && !is_abbreviated_name(left, right);
    if (right->has_upper && !right->has_lower && is_form(right->word) && !shouted)
        return false;
    return known || (right->has_lower && !right->has_upper);
}

/* "1.2.3.4". */
static bool is_number(const struct label *label)
{
    return label->word[0] && strspn(label->word, "0123456789") == strlen(label->word);
}

static bool has_link(const struct name *name)
{
    size_t numbers = 0;

    for (size_t at = 0; at < name->count; at++) {
        struct label left, right;

        if (name->at[at] != '.')
            continue;
        left = label_before(name, at);
        right = label_behind(name, at);
        numbers = is_number(&left) && is_number(&right) ? numbers + 1 : 0;
        if (numbers == 3 || strncmp(left.word, "www", 3) == 0 || is_link(&left, &right))
            return true;
    }
    return false;
}

static bool has_scheme(const struct name *name)
{
    static const char *const schemes[] = {"http",    "hxxp",        "//",        "www.",
                                          "mailto:", "javascript:", "ftp:",      "data:",
                                          "file:",   "skype:",      "whatsapp:", NULL};

    for (size_t i = 0; schemes[i]; i++) {
        if (contains(name, schemes[i]))
            return true;
    }
    return false;
}

/* A letter of Latin-1 in UTF-8, such as "é". */
static bool is_latin_letter(fct_slice rest)
{
    return rest.len > 1 && rest.ptr[0] == '\xc3' && rest.ptr[1] != '\x97' && rest.ptr[1] != '\xb7';
}

/* Most names are: letters and blanks, without "http" and "hxxp". */
static bool is_harmless(fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (is_latin_letter((fct_slice){text.ptr + i, text.len - i}))
            i++;
        else if (!fct_is_alnum((unsigned char)c) && c != ' ' && c != '-' && c != '\'' && c != ',' &&
                 c != '&')
            return false;
        else if ((c | 0x20) == 'p' && i > 1 && (text.ptr[i - 1] | 0x20) == (text.ptr[i - 2] | 0x20))
            return false;
    }
    return text.len <= NAME_BYTES;
}

const char *fct_plain_name_fault(fct_slice text)
{
    struct name name;

    if (is_harmless(text))
        return NULL;
    if (text.len > NAME_BYTES || !read_name(text, &name))
        return "is too long for a name";
    unmask(&name);
    if (contains(&name, "@"))
        return "has an address";
    return has_scheme(&name) || has_link(&name) ? "has a link" : NULL;
}
